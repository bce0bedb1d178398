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

    /// <summary>Adds a text message. Plain: the cork is for small ones.</summary>
    public void AddText(ReadOnlySpan<char> text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        AddHeader(FrameOpcode.Text, length);
        Encoding.UTF8.GetBytes(text, _frames.GetSpan(length));
        _frames.Advance(length);
    }

    /// <summary>Adds a text message of bytes that are UTF-8, unchecked.</summary>
    public void AddText(ReadOnlySpan<byte> utf8)
    {
        AddHeader(FrameOpcode.Text, utf8.Length);
        _frames.Append(utf8);
    }

    /// <summary>Adds a binary message.</summary>
    public void AddBinary(ReadOnlySpan<byte> bytes)
    {
        AddHeader(FrameOpcode.Binary, bytes.Length);
        _frames.Append(bytes);
    }

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

    private void AddHeader(FrameOpcode opcode, int payloadBytes)
    {
        int length = FrameEncoder.WriteHeader(
            _frames.GetSpan(FrameHeader.MaxBytes), FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed: false), payloadBytes);
        _frames.Advance(length);
    }
}
