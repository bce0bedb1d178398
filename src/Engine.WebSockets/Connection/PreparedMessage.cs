using System.Text;

namespace Engine.WebSockets;

/// <summary>
/// A message that is framed, and where that is asked for compressed, once for any number of connections, which send it by reference. Any thread. Dispose it
/// when no more sends will begin; those under way keep what they need.
/// </summary>
/// <remarks>
/// The compressed form goes to connections that agreed on compression without a takeover on the server's side and with a window of 15 bits, the defaults; the
/// others get the plain form, since a kept history cannot be shared.
/// </remarks>
public sealed class PreparedMessage : IDisposable
{
    private const int WindowBits = 15;

    private readonly ReadOnlyMemory<byte> _payload;
    private readonly FrameOpcode _opcode;
    private readonly bool _mayCompress;
    private readonly SharedSegment _plain;
    private SharedSegment? _compressed;
    private bool _isDisposed;

    private PreparedMessage(FrameOpcode opcode, ReadOnlySpan<byte> payload, bool compress)
    {
        _opcode = opcode;
        _mayCompress = compress;
        byte[] frame = new byte[FrameEncoder.HeaderBytes(payload.Length, isMasked: false) + payload.Length];
        int length = FrameEncoder.WriteHeader(frame, FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed: false), payload.Length);
        payload.CopyTo(frame.AsSpan(length));
        _payload = frame.AsMemory(length);
        _plain = SharedSegment.Wrap(frame);
    }

    /// <summary>A text message.</summary>
    /// <param name="text">The message.</param>
    /// <param name="compress">False keeps it plain.</param>
    public static PreparedMessage Text(string text, bool compress = true) => new(FrameOpcode.Text, Encoding.UTF8.GetBytes(text), compress);

    /// <summary>A text message of bytes that are UTF-8, unchecked.</summary>
    public static PreparedMessage Text(ReadOnlySpan<byte> utf8, bool compress = true) => new(FrameOpcode.Text, utf8, compress);

    /// <summary>A binary message.</summary>
    public static PreparedMessage Binary(ReadOnlySpan<byte> bytes, bool compress = true) => new(FrameOpcode.Binary, bytes, compress);

    /// <summary>
    /// Lets no more sends begin. The frames are memory of the garbage collector's, never of a pool, and their first reference is never released: a send that
    /// races with this finds them whole.
    /// </summary>
    public void Dispose() => Volatile.Write(ref _isDisposed, true);

    /// <summary>The message's length, uncompressed.</summary>
    internal int PayloadBytes => _payload.Length;

    /// <summary>The form that a connection can read.</summary>
    /// <exception cref="ObjectDisposedException">The message was disposed.</exception>
    internal SharedSegment SegmentFor(WebSocketConnection socket)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);
        DeflateAgreement deflate = socket.Deflate;
        return _mayCompress && deflate.SendWindowBits == WindowBits && !deflate.SendTakeover && _payload.Length >= socket.Endpoint.ThresholdBytes
            ? Compressed(socket.Endpoint.Contexts!)
            : _plain;
    }

    /// <summary>Made by the first who needs it; two who race make it twice and keep one.</summary>
    private SharedSegment Compressed(DeflateContextPool contexts)
    {
        if (Volatile.Read(ref _compressed) is { } made)
        {
            return made;
        }

        var packed = default(MessageBuffer);
        DeflateContext context = contexts.RentDeflate(WindowBits);
        context.Compress(_payload.Span, ref packed, keepHistory: false);
        contexts.Return(context);
        byte[] frame = new byte[FrameEncoder.HeaderBytes(packed.LengthBytes, isMasked: false) + packed.LengthBytes];
        int length = FrameEncoder.WriteHeader(frame, FrameEncoder.FirstByte(_opcode, isFinal: true, isCompressed: true), packed.LengthBytes);
        packed.Written.CopyTo(frame.AsSpan(length));
        packed.Return();
        SharedSegment segment = SharedSegment.Wrap(frame);
        return Interlocked.CompareExchange(ref _compressed, segment, null) ?? segment;
    }
}
