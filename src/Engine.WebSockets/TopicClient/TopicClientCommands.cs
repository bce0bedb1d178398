namespace Engine.WebSockets;

/// <summary>What a client of <c>topics.v1.binary</c> sends. Pure.</summary>
internal static class TopicClientCommands
{
    public static byte[] Subscribe(ulong id, string topic, TopicPosition? after, int lastCount)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[128]);
        Begin(ref fields, BinaryCode.Subscribe, id);
        fields.Text(topic);
        fields.Byte((byte)((after is null ? 0 : BinaryDialect.HasPosition) | (lastCount == 0 ? 0 : BinaryDialect.HasLast)));
        if (after is { } position)
        {
            fields.Number(position.Epoch);
            fields.Number(position.Offset);
        }

        if (lastCount != 0)
        {
            fields.Number((ulong)lastCount);
        }

        return fields.ToArray();
    }

    public static byte[] Unsubscribe(ulong id, string topic)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[128]);
        Begin(ref fields, BinaryCode.Unsubscribe, id);
        fields.Text(topic);
        return fields.ToArray();
    }

    /// <param name="id">The serial of the message.</param>
    /// <param name="topic">Where to.</param>
    /// <param name="message">The message; its payload is copied.</param>
    /// <param name="idempotencyKey">What the server knows the message by when it comes twice.</param>
    public static byte[] Publish(ulong id, string topic, in TopicMessage message, string idempotencyKey)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[256]);
        Begin(ref fields, BinaryCode.Publish, id);
        fields.Byte((byte)(BinaryDialect.HasIdempotencyKey | (message.Key is null ? 0 : BinaryDialect.HasKey)
            | (message.EventType is null ? 0 : BinaryDialect.HasEvent) | (message.Version == 0 ? 0 : BinaryDialect.HasVersion)));
        fields.Byte((byte)message.Kind);
        fields.Text(topic);
        fields.TextIfThere(message.Key);
        fields.TextIfThere(message.EventType);
        fields.Text(idempotencyKey);
        if (message.Version != 0)
        {
            fields.Number((ulong)message.Version);
        }

        fields.Bytes(message.Payload.Span);
        return fields.ToArray();
    }

    private static void Begin(ref BinaryFieldWriter fields, BinaryCode code, ulong id)
    {
        fields.Byte((byte)code);
        fields.Number(id);
    }
}
