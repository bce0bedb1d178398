namespace Engine.WebSockets;

/// <summary>
/// <c>topics.v1</c> in its compact form: each message begins with a byte that says what it is; numbers are LEB128, seven bits a byte, the low ones first; texts
/// are UTF-8 behind their length in bytes; a payload is the rest of the message.
/// </summary>
internal sealed class BinaryDialect : TopicDialect
{
    public static readonly BinaryDialect Instance = new();

    internal const byte HasPosition = 1;
    internal const byte HasLast = 2;
    internal const byte HasKey = 1;
    internal const byte HasEvent = 2;
    internal const byte HasIdempotencyKey = 4;
    internal const byte HasVersion = 8;
    internal const byte HasNoEcho = 16;
    internal const byte IsState = 4;
    internal const byte IsRemoval = 8;
    internal const byte HasPrevious = 16;
    internal const byte HasTopic = 32;

    public override FrameOpcode Opcode => FrameOpcode.Binary;

    public override TopicCommand? Read(ReadOnlySpan<byte> message)
    {
        var reader = new BinaryFieldReader(message);
        var code = (BinaryCode)reader.Byte();
        var command = new TopicCommand { Id = reader.NumberBytes() };
        switch (code)
        {
            case BinaryCode.Subscribe:
                command.Kind = TopicCommandKind.Subscribe;
                command.Topic = reader.Text();
                byte flags = reader.Byte();
                if ((flags & HasPosition) != 0)
                {
                    var after = new TopicPosition(reader.Number(), reader.Number());
                    command.After = after.IsNone ? TopicPosition.Unknown : after;
                }

                command.LastCount = (int)Math.Min((flags & HasLast) != 0 ? reader.Number() : 0, int.MaxValue);
                break;
            case BinaryCode.Unsubscribe:
                command.Kind = TopicCommandKind.Unsubscribe;
                command.Topic = reader.Text();
                break;
            case BinaryCode.Publish:
                return ReadPublish(ref reader, command);
            case BinaryCode.Ping:
                command.Kind = TopicCommandKind.Ping;
                break;
            default:
                // Of a later version perhaps: told, as in JSON.
                return reader.IsBroken ? null : command;
        }

        return reader.IsBroken || !reader.IsAtEnd ? null : command;
    }

    public override byte[] Subscribed(TopicCommand command, in SubscribeResult result)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[64]);
        fields.Byte((byte)BinaryCode.Subscribed);
        fields.Id(command.Id);
        fields.Number((ulong)result.TopicNumber);
        fields.Byte((byte)result.Kind);
        fields.Byte((byte)result.Status);
        fields.Number(result.Position.Epoch);
        fields.Number(result.Position.Offset);
        fields.Number((ulong)result.RecoveredCount);
        if (result.Status == SubscribeStatus.Lost)
        {
            fields.Count(result.LostCount);
        }

        return fields.ToArray();
    }

    public override byte[] Unsubscribed(TopicCommand command) => WithId(BinaryCode.Unsubscribed, command);

    public override byte[] Published(TopicCommand command, in PublishResult result)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[64]);
        fields.Byte((byte)BinaryCode.Published);
        fields.Id(command.Id);
        fields.Byte(result.Status == PublishStatus.Duplicate ? (byte)1 : (byte)0);
        fields.Number(result.Position.Epoch);
        fields.Number(result.Position.Offset);
        return fields.ToArray();
    }

    public override byte[] Pong(TopicCommand command) => WithId(BinaryCode.Pong, command);

    public override byte[] Error(byte[] id, string code, string retry)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[128]);
        fields.Byte((byte)BinaryCode.Error);
        fields.Id(id);
        fields.Text(code);
        fields.Text(retry);
        return fields.ToArray();
    }

    public override byte[] Message(Publication publication)
    {
        ulong offset = publication.Position.Offset;
        bool hasPrevious = publication.PreviousOffset != offset - 1;
        var fields = new BinaryFieldWriter(stackalloc byte[256]);
        fields.Byte((byte)BinaryCode.Message);
        fields.Number((ulong)publication.TopicNumber);
        fields.Byte((byte)((publication.Key is null ? 0 : HasKey) | (publication.EventType is null ? 0 : HasEvent) | (publication.IsState ? IsState : 0)
            | (publication.IsRemoval ? IsRemoval : 0) | (hasPrevious ? HasPrevious : 0) | (publication.Pattern is null ? 0 : HasTopic)));
        fields.Byte((byte)publication.Kind);
        fields.Number(offset);
        if (hasPrevious)
        {
            fields.Number(publication.PreviousOffset);
        }

        fields.TextIfThere(publication.Key);
        fields.TextIfThere(publication.EventType);
        fields.TextIfThere(publication.Pattern is null ? null : publication.Topic);
        if (!publication.IsRemoval)
        {
            fields.Bytes(publication.Payload);
        }

        return fields.ToArray();
    }

    public override byte[] Gap(in TopicGap gap)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[64]);
        fields.Byte((byte)BinaryCode.Gap);
        fields.Number((ulong)gap.TopicNumber);
        fields.Number(gap.After.Epoch);
        fields.Number(gap.After.Offset);
        fields.Number(gap.To.Epoch);
        fields.Number(gap.To.Offset);
        fields.Count(gap.MissedCount);
        return fields.ToArray();
    }

    public override byte[] Advice(TimeSpan within)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[32]);
        fields.Byte((byte)BinaryCode.Advice);
        fields.Text("later");
        fields.Number((ulong)within.TotalMilliseconds);
        return fields.ToArray();
    }

    private static TopicCommand? ReadPublish(ref BinaryFieldReader reader, TopicCommand command)
    {
        byte flags = reader.Byte();
        byte kind = reader.Byte();
        command.Kind = TopicCommandKind.Publish;
        command.Topic = reader.Text();
        command.Key = (flags & HasKey) != 0 ? reader.Text() : null;
        command.EventType = (flags & HasEvent) != 0 ? reader.Text() : null;
        command.IdempotencyKey = (flags & HasIdempotencyKey) != 0 ? reader.Text() : null;
        ulong version = (flags & HasVersion) != 0 ? reader.Number() : 0;
        command.HasEcho = (flags & HasNoEcho) == 0;
        bool isPayload = !reader.IsBroken && kind <= (byte)PayloadKind.Binary && command.TrySetPayload(reader.Rest(), (PayloadKind)kind);
        command.Version = (long)version;
        return isPayload && version <= long.MaxValue && TopicCommand.IsEventType(command.EventType) ? command : null;
    }

    private static byte[] WithId(BinaryCode code, TopicCommand command)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[16]);
        fields.Byte((byte)code);
        fields.Id(command.Id);
        return fields.ToArray();
    }
}
