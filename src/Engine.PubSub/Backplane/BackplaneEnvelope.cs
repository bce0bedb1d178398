using System.Buffers.Binary;
using System.Text;

namespace Engine.PubSub;

/// <summary>
/// What hubs say to one another about a message. Big-endian: a version, flags, the payload's kind, the origin, its sequence and the one before it, the subscriber
/// that is not to get it, then key and event type if the flags say so, each behind its length, then the payload. Pure.
/// </summary>
internal readonly struct BackplaneEnvelope
{
    /// <summary>The most bytes that an envelope adds to a payload, key and event type.</summary>
    public const int MaxOverheadBytes = HeaderBytes + 8;

    private const byte Version = 1;
    private const int HeaderBytes = 35;
    private const int OriginAt = 3;
    private const int SequenceAt = 11;
    private const int PreviousAt = 19;
    private const int ExceptAt = 27;

    private BackplaneEnvelope(in TopicMessage message, ulong origin, long sequence, long previousSequence, long except)
    {
        Message = message;
        Origin = origin;
        Sequence = sequence;
        PreviousSequence = previousSequence;
        Except = except;
    }

    [Flags]
    private enum Flags : byte
    {
        None = 0,
        Removal = 1,
        NeverCompress = 2,
        Key = 4,
        EventType = 8,
    }

    public TopicMessage Message { get; }

    public ulong Origin { get; }

    public long Sequence { get; }

    public long PreviousSequence { get; }

    /// <summary>The number that the subscriber has at the origin; 0 for none.</summary>
    public long Except { get; }

    /// <summary>Copies a message into an envelope whose sequence is still to be set.</summary>
    public static byte[] Write(ReadOnlySpan<byte> payload, in TopicMessage message, ulong origin, long except)
    {
        int keyBytes = message.Key is { } key ? 4 + Encoding.UTF8.GetByteCount(key) : 0;
        int typeBytes = message.EventType is { } type ? 4 + Encoding.UTF8.GetByteCount(type) : 0;
        byte[] bytes = new byte[HeaderBytes + keyBytes + typeBytes + payload.Length];
        bytes[0] = Version;
        bytes[1] = (byte)((message.IsRemoval ? Flags.Removal : 0) | (message.NeverCompress ? Flags.NeverCompress : 0)
            | (keyBytes > 0 ? Flags.Key : 0) | (typeBytes > 0 ? Flags.EventType : 0));
        bytes[2] = (byte)message.Kind;
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(OriginAt), origin);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(ExceptAt), except);
        Span<byte> rest = bytes.AsSpan(HeaderBytes);
        rest = WriteText(rest, message.Key);
        rest = WriteText(rest, message.EventType);
        payload.CopyTo(rest);
        return bytes;
    }

    /// <summary>Sets the sequence, before anybody else sees the envelope.</summary>
    public static void SetSequence(byte[] envelope, long sequence, long previousSequence)
    {
        BinaryPrimitives.WriteInt64BigEndian(envelope.AsSpan(SequenceAt), sequence);
        BinaryPrimitives.WriteInt64BigEndian(envelope.AsSpan(PreviousAt), previousSequence);
    }

    /// <summary>Reads an envelope. False for what is none, or one of a later version.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, out BackplaneEnvelope envelope)
    {
        envelope = default;
        ReadOnlySpan<byte> span = bytes.Span;
        if (span.Length < HeaderBytes || span[0] != Version || span[2] > (byte)PayloadKind.Binary)
        {
            return false;
        }

        var flags = (Flags)span[1];
        ReadOnlyMemory<byte> rest = bytes[HeaderBytes..];
        if (!TryReadText(ref rest, flags.HasFlag(Flags.Key), out string? key) || !TryReadText(ref rest, flags.HasFlag(Flags.EventType), out string? type))
        {
            return false;
        }

        var message = new TopicMessage(rest, (PayloadKind)span[2])
        {
            Key = key,
            EventType = type,
            IsRemoval = flags.HasFlag(Flags.Removal),
            NeverCompress = flags.HasFlag(Flags.NeverCompress),
        };
        envelope = new BackplaneEnvelope(
            message,
            BinaryPrimitives.ReadUInt64BigEndian(span[OriginAt..]),
            BinaryPrimitives.ReadInt64BigEndian(span[SequenceAt..]),
            BinaryPrimitives.ReadInt64BigEndian(span[PreviousAt..]),
            BinaryPrimitives.ReadInt64BigEndian(span[ExceptAt..]));
        return true;
    }

    private static Span<byte> WriteText(Span<byte> destination, string? text)
    {
        if (text is null)
        {
            return destination;
        }

        int length = Encoding.UTF8.GetBytes(text, destination[4..]);
        BinaryPrimitives.WriteInt32BigEndian(destination, length);
        return destination[(4 + length)..];
    }

    private static bool TryReadText(ref ReadOnlyMemory<byte> rest, bool isThere, out string? text)
    {
        text = null;
        if (!isThere)
        {
            return true;
        }

        if (rest.Length < 4 || BinaryPrimitives.ReadInt32BigEndian(rest.Span) is var length && (length < 0 || length > rest.Length - 4))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(rest.Span.Slice(4, length));
        rest = rest[(4 + length)..];
        return true;
    }
}
