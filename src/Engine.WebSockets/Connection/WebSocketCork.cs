using System.Buffers;
using System.Text;

namespace Engine.WebSockets;

/// <summary>
/// Messages that are sent as one unit: all of them are accepted, or none, and they leave together. Worth it for threads that are not the loop; on the loop the
/// messages of one turn leave together anyway. One thread at a time.
/// </summary>
public sealed class WebSocketCork : IDisposable
{
    private readonly WebSocketConnection _socket;
    private MessageBuffer _frames;

    internal WebSocketCork(WebSocketConnection socket) => _socket = socket;

    /// <summary>Bytes collected so far, frame headers included.</summary>
    public int LengthBytes => _frames.LengthBytes;

    /// <summary>Adds a text message.</summary>
    /// <param name="text">The message.</param>
    /// <param name="compress">False keeps the message plain, also where compression was agreed on: for secrets.</param>
    public void AddText(ReadOnlySpan<char> text, bool compress = true)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte[] utf8 = ArrayPool<byte>.Shared.Rent(length);
        Encoding.UTF8.GetBytes(text, utf8);
        Add(FrameOpcode.Text, utf8.AsSpan(0, length), compress);
        ArrayPool<byte>.Shared.Return(utf8);
    }

    /// <summary>Adds a text message of bytes that are UTF-8, unchecked.</summary>
    public void AddText(ReadOnlySpan<byte> utf8, bool compress = true) => Add(FrameOpcode.Text, utf8, compress);

    /// <summary>Adds a binary message.</summary>
    public void AddBinary(ReadOnlySpan<byte> bytes, bool compress = true) => Add(FrameOpcode.Binary, bytes, compress);

    /// <summary>Sends what was added as one unit, and empties the cork. <see cref="SendStatus.Dropped"/> keeps it filled: wait for the drain, and send again.</summary>
    public SendStatus Send()
    {
        if (_frames.LengthBytes == 0)
        {
            return SendStatus.Sent;
        }

        SendStatus status = _socket.TrySendFrames(_frames.Written);
        if (status != SendStatus.Dropped)
        {
            _frames.Return();
        }

        return status;
    }

    /// <summary>Sends what has not been sent; what finds no room is dropped, and counted by the connection.</summary>
    public void Dispose()
    {
        Send();
        _frames.Return();
    }

    private void Add(FrameOpcode opcode, ReadOnlySpan<byte> payload, bool compress)
    {
        var packed = default(MessageBuffer);
        bool isCompressed = compress && _socket.TryCompressAlone(payload, ref packed);
        ReadOnlySpan<byte> body = isCompressed ? packed.Written : payload;
        Span<byte> frame = _frames.GetSpan(FrameHeader.MaxBytes + body.Length);
        _frames.Advance(_socket.WriteFrame(frame, FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed), body));
        packed.Return();
    }
}
