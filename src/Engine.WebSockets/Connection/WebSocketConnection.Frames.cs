using System.Buffers;

namespace Engine.WebSockets;

/// <summary>
/// Frames as this side has to send them. A server's go out in two parts, header and payload, so that nothing is copied; a client's are masked (RFC 6455 §5.3),
/// which changes the payload and so takes a copy of it.
/// </summary>
public abstract partial class WebSocketConnection
{
    /// <summary>Writes a whole frame, for which there is room. Returns its length.</summary>
    internal int WriteFrame(Span<byte> output, byte firstByte, ReadOnlySpan<byte> payload)
    {
        if (_masks is not null)
        {
            return WriteMasked(output, firstByte, payload);
        }

        int length = FrameEncoder.WriteHeader(output, firstByte, payload.Length);
        payload.CopyTo(output[length..]);
        return length + payload.Length;
    }

    /// <summary>
    /// Rents what goes out before the payload: a server's header, or all of a client's frame, which leaves the payload empty. Returned to the shared pool by the
    /// caller.
    /// </summary>
    private byte[] RentFrame(byte firstByte, ref ReadOnlyMemory<byte> payload, out int length)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(FrameHeader.MaxBytes + (_masks is null ? 0 : payload.Length));
        if (_masks is null)
        {
            length = FrameEncoder.WriteHeader(rented, firstByte, payload.Length);
            return rented;
        }

        length = WriteMasked(rented, firstByte, payload.Span);
        payload = default;
        return rented;
    }

    private SendStatus TrySendFrame(byte firstByte, ReadOnlySpan<byte> payload)
    {
        if (_masks is not null)
        {
            return TrySendMasked(firstByte, payload);
        }

        Span<byte> header = stackalloc byte[FrameHeader.MaxBytes];
        int length = FrameEncoder.WriteHeader(header, firstByte, payload.Length);
        return Connection.TrySend(header[..length], payload);
    }

    private SendStatus TrySendMasked(byte firstByte, ReadOnlySpan<byte> payload)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(FrameHeader.MaxBytes + payload.Length);
        SendStatus status = Connection.TrySend(frame.AsSpan(0, WriteMasked(frame, firstByte, payload)));
        ArrayPool<byte>.Shared.Return(frame);
        return status;
    }

    /// <summary>Sends a frame that was made without a mask.</summary>
    private SendStatus TrySendMasked(ReadOnlySpan<byte> plainFrame)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(plainFrame.Length + FrameHeader.MaskBytes);
        SendStatus status = Connection.TrySend(frame.AsSpan(0, MaskFrame(frame, plainFrame)));
        ArrayPool<byte>.Shared.Return(frame);
        return status;
    }

    private int MaskFrame(Span<byte> output, ReadOnlySpan<byte> plainFrame)
    {
        int headerBytes = (plainFrame[1] & 0x7F) switch { 126 => 4, 127 => 10, _ => 2 };
        return WriteMasked(output, plainFrame[0], plainFrame[headerBytes..]);
    }

    private int WriteMasked(Span<byte> output, byte firstByte, ReadOnlySpan<byte> payload)
    {
        uint mask = _masks!.Next(Connection.IsOnLoop);
        int length = FrameEncoder.WriteHeader(output, firstByte, payload.Length, mask);
        Span<byte> body = output.Slice(length, payload.Length);
        payload.CopyTo(body);
        Masking.Apply(body, mask);
        return length + payload.Length;
    }
}
