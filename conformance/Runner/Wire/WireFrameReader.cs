using System.Buffers.Binary;

namespace Conformance;

/// <summary>Cuts what the peer sent into frames. It judges nothing but lengths: what a frame means is the session's matter.</summary>
internal sealed class WireFrameReader
{
    private byte[] _bytes = new byte[4096];
    private int _start;
    private int _end;

    /// <summary>What the header of the last frame read broke (a length not in its shortest form, or above 2^63), or null.</summary>
    public string? LengthFault { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _end < bytes.Length)
        {
            int kept = _end - _start;
            byte[] target = kept + bytes.Length > _bytes.Length ? new byte[Math.Max(_bytes.Length * 2, kept + bytes.Length)] : _bytes;
            Buffer.BlockCopy(_bytes, _start, target, 0, kept);
            (_bytes, _start, _end) = (target, 0, kept);
        }

        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    public bool TryRead(out WireFrame frame)
    {
        frame = default;
        ReadOnlySpan<byte> bytes = _bytes.AsSpan(_start, _end - _start);
        if (bytes.Length < 2)
        {
            return false;
        }

        bool isMasked = (bytes[1] & 0x80) != 0;
        int shortLength = bytes[1] & 0x7F;
        int lengthBytes = shortLength < 126 ? 0 : shortLength == 126 ? 2 : 8;
        int headerBytes = 2 + lengthBytes + (isMasked ? 4 : 0);
        if (bytes.Length < headerBytes)
        {
            return false;
        }

        ulong length = lengthBytes switch
        {
            0 => (ulong)shortLength,
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
        };
        if ((ulong)(bytes.Length - headerBytes) < length)
        {
            return false;
        }

        LengthFault = length >> 63 != 0 ? "the length's highest bit is set"
            : (lengthBytes == 2 && length < 126) || (lengthBytes == 8 && length <= ushort.MaxValue) ? "the length is not in its shortest form"
            : null;
        Memory<byte> payload = _bytes.AsMemory(_start + headerBytes, (int)length);
        if (isMasked)
        {
            WireFrameWriter.Mask(payload.Span, bytes.Slice(headerBytes - 4, 4));
        }

        frame = new WireFrame((byte)(bytes[0] & 0x0F), (bytes[0] & 0x80) != 0, (byte)((bytes[0] >> 4) & 7), isMasked, payload);
        _start += headerBytes + (int)length;
        if (_start == _end)
        {
            _start = _end = 0;
        }

        return true;
    }
}
