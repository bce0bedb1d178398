namespace Engine.WebSockets;

/// <summary>What a server of <c>topics.v1.binary</c> says, read. Which members are set depends on the code, as docs/topics-protocol.md lists them.</summary>
internal sealed class TopicServerMessage
{
    public BinaryCode Code { get; private init; }

    /// <summary>The id of the command that it is the answer to; 0 for none.</summary>
    public ulong Id { get; private set; }

    public ulong TopicNumber { get; private set; }

    public TopicKind Kind { get; private set; }

    public SubscribeStatus Status { get; private set; }

    /// <summary>The position of an answer; of a gap: the one after which messages are missing. Of a message only the offset is known here.</summary>
    public TopicPosition Position { get; private set; }

    /// <summary>Up to which position messages are missing.</summary>
    public TopicPosition To { get; private set; }

    public int RecoveredCount { get; private set; }

    /// <summary>How many messages are lost; null when that is not known.</summary>
    public long? LostCount { get; private set; }

    public bool IsDuplicate { get; private set; }

    public string ErrorCode { get; private set; } = "";

    public bool MayRetry { get; private set; }

    /// <summary>The topic of a message, where a pattern was subscribed to; else null.</summary>
    public string? Topic { get; private set; }

    public string? Key { get; private set; }

    public string? EventType { get; private set; }

    public bool IsState { get; private set; }

    public bool IsRemoval { get; private set; }

    public PayloadKind PayloadKind { get; private set; }

    public byte[] Payload { get; private set; } = [];

    /// <summary>In which time to come back.</summary>
    public TimeSpan Within { get; private set; }

    /// <summary>Returns null for what is no message of the protocol. One of an unknown code, of a later version perhaps, has nothing but that.</summary>
    public static TopicServerMessage? Read(ReadOnlySpan<byte> message)
    {
        var reader = new BinaryFieldReader(message);
        var read = new TopicServerMessage { Code = (BinaryCode)reader.Byte() };
        switch (read.Code)
        {
            case BinaryCode.Subscribed:
                read.ReadSubscribed(ref reader);
                break;
            case BinaryCode.Unsubscribed or BinaryCode.Pong:
                read.Id = reader.Number();
                break;
            case BinaryCode.Published:
                read.Id = reader.Number();
                read.IsDuplicate = reader.Byte() != 0;
                read.Position = ReadPosition(ref reader);
                break;
            case BinaryCode.Error:
                read.Id = reader.Number();
                read.ErrorCode = reader.Text();
                read.MayRetry = reader.Text() == "later";
                break;
            case BinaryCode.Message:
                read.ReadMessage(ref reader);
                break;
            case BinaryCode.Gap:
                read.TopicNumber = reader.Number();
                read.Position = ReadPosition(ref reader);
                read.To = ReadPosition(ref reader);
                read.LostCount = ReadCount(ref reader);
                break;
            case BinaryCode.Advice:
                reader.Text();
                read.Within = TimeSpan.FromMilliseconds(Math.Min(reader.Number(), 3_600_000));
                break;
        }

        return reader.IsBroken ? null : read;
    }

    private static TopicPosition ReadPosition(ref BinaryFieldReader reader) => new(reader.Number(), reader.Number());

    private static long? ReadCount(ref BinaryFieldReader reader)
    {
        ulong count = reader.Number();
        return count == 0 ? null : (long)Math.Min(count - 1, long.MaxValue);
    }

    private void ReadSubscribed(ref BinaryFieldReader reader)
    {
        Id = reader.Number();
        TopicNumber = reader.Number();
        Kind = (TopicKind)reader.Byte();
        Status = (SubscribeStatus)reader.Byte();
        Position = ReadPosition(ref reader);
        RecoveredCount = (int)Math.Min(reader.Number(), int.MaxValue);
        LostCount = Status == SubscribeStatus.Lost ? ReadCount(ref reader) : null;
    }

    private void ReadMessage(ref BinaryFieldReader reader)
    {
        TopicNumber = reader.Number();
        byte flags = reader.Byte();
        PayloadKind = (PayloadKind)reader.Byte();
        Position = new TopicPosition(0, reader.Number());
        if ((flags & BinaryDialect.HasPrevious) != 0)
        {
            reader.Number();
        }

        Key = (flags & BinaryDialect.HasKey) != 0 ? reader.Text() : null;
        EventType = (flags & BinaryDialect.HasEvent) != 0 ? reader.Text() : null;
        Topic = (flags & BinaryDialect.HasTopic) != 0 ? reader.Text() : null;
        IsState = (flags & BinaryDialect.IsState) != 0;
        IsRemoval = (flags & BinaryDialect.IsRemoval) != 0;
        Payload = reader.Rest();
    }
}
