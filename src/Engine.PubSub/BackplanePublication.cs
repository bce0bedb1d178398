namespace Engine.PubSub;

/// <summary>A message on its way to a broker.</summary>
public sealed class BackplanePublication
{
    /// <param name="topic">The topic.</param>
    /// <param name="payload">What the hubs say to one another, as it is; not changed any more.</param>
    /// <param name="isKept">Whether the broker keeps the message and gives it a position.</param>
    /// <param name="origin">Names the hub that publishes; no two hubs have the same.</param>
    /// <param name="sequence">Rises with each publication of the origin.</param>
    /// <param name="previousSequence">The origin's sequence before this one in the same topic; 0 when it is the first, or not known.</param>
    public BackplanePublication(string topic, ReadOnlyMemory<byte> payload, bool isKept, ulong origin, long sequence, long previousSequence)
    {
        Topic = topic;
        Payload = payload;
        IsKept = isKept;
        Origin = origin;
        Sequence = sequence;
        PreviousSequence = previousSequence;
    }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>What the hubs say to one another.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Whether the broker keeps the message and gives it a position.</summary>
    public bool IsKept { get; }

    /// <summary>Names the hub that publishes.</summary>
    public ulong Origin { get; }

    /// <summary>Rises with each publication of the origin.</summary>
    public long Sequence { get; }

    /// <summary>The origin's sequence before this one in the same topic; 0 when it is the first, or not known.</summary>
    public long PreviousSequence { get; }

    /// <summary>The publisher's own key, by which the broker recognizes a second try; null for none.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Whether everything that the origin published before is confirmed, which the hub says anew at each try: a broker that does not know the one before it has lost something.</summary>
    public bool FollowsConfirmed { get; set; }
}
