using System.Buffers.Binary;

namespace Engine.WebSockets;

/// <summary>
/// What stands before a frame's payload (RFC 6455 §5.2): 2 to 14 bytes. Pure: it knows the rules that one header can break by itself; those that
/// need the frames before it are <see cref="FrameDecoder"/>'s.
/// </summary>
internal readonly struct FrameHeader
{
    /// <summary>The longest header: two bytes, a length of eight, a mask of four.</summary>
    public const int MaxBytes = 14;

    /// <summary>The most that a control frame may carry (§5.5).</summary>
    public const int MaxControlPayloadBytes = 125;

    /// <summary>A masking key.</summary>
    public const int MaskBytes = 4;

    /// <summary>The longest control frame, masked.</summary>
    public const int MaxControlBytes = 2 + MaskBytes + MaxControlPayloadBytes;

    private const byte FinBit = 0x80;
    private const byte Rsv1Bit = 0x40;
    private const byte ReservedBits = 0x30;
    private const byte MaskBit = 0x80;

    private FrameHeader(byte first, long payloadBytes, uint mask, int headerBytes, bool isMasked)
    {
        IsFinal = (first & FinBit) != 0;
        IsCompressed = (first & Rsv1Bit) != 0;
        Opcode = (FrameOpcode)(first & 0x0F);
        PayloadBytes = payloadBytes;
        Mask = mask;
        HeaderBytes = headerBytes;
        IsMasked = isMasked;
    }

    /// <summary>Whether it ends its message.</summary>
    public bool IsFinal { get; }

    /// <summary>RSV1: the message is compressed (RFC 7692 §6).</summary>
    public bool IsCompressed { get; }

    public FrameOpcode Opcode { get; }

    public bool IsMasked { get; }

    public long PayloadBytes { get; }

    /// <summary>The masking key as the four bytes lie in memory.</summary>
    public uint Mask { get; }

    /// <summary>How long the header itself is.</summary>
    public int HeaderBytes { get; }

    public bool IsControl => ((byte)Opcode & 0x8) != 0;

    /// <summary>
    /// Reads a header. False: more bytes are needed, or it breaks a rule, which is found with the first byte that shows it.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, bool isMaskExpected, out FrameHeader header, out WebSocketError error)
    {
        header = default;
        error = WebSocketError.None;
        if (bytes.IsEmpty)
        {
            return false;
        }

        byte first = bytes[0];
        if ((first & ReservedBits) != 0)
        {
            error = WebSocketError.ReservedBits;
            return false;
        }

        int opcode = first & 0x0F;
        bool isControl = opcode >= 0x8;
        if ((opcode & 0x7) > 0x2)
        {
            error = WebSocketError.ReservedOpcode;
            return false;
        }

        if (isControl && (first & Rsv1Bit) != 0)
        {
            error = WebSocketError.ReservedBits;
            return false;
        }

        if (isControl && (first & FinBit) == 0)
        {
            error = WebSocketError.FragmentedControl;
            return false;
        }

        if (bytes.Length < 2)
        {
            return false;
        }

        byte second = bytes[1];
        bool isMasked = (second & MaskBit) != 0;
        if (isMasked != isMaskExpected)
        {
            error = WebSocketError.WrongMasking;
            return false;
        }

        long payloadBytes = second & 0x7F;
        if (isControl && payloadBytes > MaxControlPayloadBytes)
        {
            error = WebSocketError.ControlTooLong;
            return false;
        }

        int position = 2;
        if (payloadBytes >= 126 && !TryReadLongLength(bytes, ref payloadBytes, ref position, ref error))
        {
            return false;
        }

        uint mask = 0;
        if (isMasked)
        {
            if (bytes.Length < position + 4)
            {
                return false;
            }

            // Kept as it lies in memory: unmasking compares no byte order then.
            mask = BinaryPrimitives.ReadUInt32LittleEndian(bytes[position..]);
            position += 4;
        }

        header = new FrameHeader(first, payloadBytes, mask, position, isMasked);
        return true;
    }

    private static bool TryReadLongLength(ReadOnlySpan<byte> bytes, ref long payloadBytes, ref int position, ref WebSocketError error)
    {
        if (payloadBytes == 126)
        {
            if (bytes.Length < 4)
            {
                return false;
            }

            payloadBytes = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
            position = 4;

            // RFC 6455 §5.2: the minimal number of bytes MUST be used to encode the length.
            error = payloadBytes < 126 ? WebSocketError.BadLength : WebSocketError.None;
            return error == WebSocketError.None;
        }

        if (bytes.Length < 10)
        {
            return false;
        }

        payloadBytes = BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
        position = 10;

        // RFC 6455 §5.2: the most significant bit MUST be 0; a negative number here.
        error = payloadBytes <= ushort.MaxValue ? WebSocketError.BadLength : WebSocketError.None;
        return error == WebSocketError.None;
    }
}
