namespace Engine.Backplane.Nats;

/// <summary>Where NATS is and what its stream keeps. Read when the backplane is made; later changes have no effect.</summary>
public sealed class NatsBackplaneOptions
{
    /// <param name="url">The servers, as <c>nats://127.0.0.1:4222</c>; several are divided by commas.</param>
    public NatsBackplaneOptions(string url)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        Url = url;
    }

    /// <summary>The servers.</summary>
    public string Url { get; }

    /// <summary>Names the broker in metrics and decides which topics are its own where there are several; <c>nats</c> by default.</summary>
    public string Name { get; set; } = "nats";

    /// <summary>What all subjects begin with, and what the stream is called; <c>engine</c> by default. Hubs of one prefix share their topics. One level, ASCII.</summary>
    public string Prefix { get; set; } = "engine";

    /// <summary>Messages kept of each topic; 10,000 by default. Of effect when the stream is made.</summary>
    public int MaxMessagesPerTopic { get; set; } = 10_000;

    /// <summary>How long messages are kept; 1 hour by default. Of effect when the stream is made.</summary>
    public TimeSpan HistoryAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Bytes that the stream keeps of all topics; 1 GiB by default. Of effect when the stream is made.</summary>
    public long MaxBytes { get; set; } = 1L << 30;

    /// <summary>How long a publication is recognized when it comes again, by its idempotency key too; 2 minutes by default. Of effect when the stream is made.</summary>
    public TimeSpan IdempotencyWindow { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Servers of a cluster that keep the stream; 1 by default. Of effect when the stream is made.</summary>
    public int Replicas { get; set; } = 1;

    internal NatsBackplaneOptions Freeze()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name, nameof(Name));
        ArgumentException.ThrowIfNullOrEmpty(Prefix, nameof(Prefix));
        if (!Prefix.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_'))
        {
            throw new ArgumentException("A prefix is one level of letters, digits, '-' and '_'.", nameof(Prefix));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessagesPerTopic, 1, nameof(MaxMessagesPerTopic));
        ArgumentOutOfRangeException.ThrowIfLessThan(HistoryAge, TimeSpan.FromSeconds(1), nameof(HistoryAge));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBytes, 1, nameof(MaxBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(IdempotencyWindow, TimeSpan.FromSeconds(1), nameof(IdempotencyWindow));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(IdempotencyWindow, HistoryAge, nameof(IdempotencyWindow));
        ArgumentOutOfRangeException.ThrowIfLessThan(Replicas, 1, nameof(Replicas));
        return (NatsBackplaneOptions)MemberwiseClone();
    }
}
