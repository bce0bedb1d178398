namespace Engine.PubSub;

/// <summary>Which brokers join a hub to those of other nodes, and what may wait for them. Read when the hub is made; later changes have no effect.</summary>
public sealed class BackplaneOptions
{
    /// <param name="brokers">
    /// The brokers; every node has the same ones. With several, each topic belongs to one, chosen by the names of both, so that one broker more or less moves as
    /// few topics as can be.
    /// </param>
    public BackplaneOptions(params IReadOnlyList<IBackplane> brokers)
    {
        ArgumentNullException.ThrowIfNull(brokers);
        Brokers = brokers;
    }

    /// <summary>The brokers.</summary>
    public IReadOnlyList<IBackplane> Brokers { get; }

    /// <summary>Publications that wait for one broker's confirmation, those under way included; 10,000 by default. Further ones are refused.</summary>
    public int MaxOutboxMessages { get; set; } = 10_000;

    /// <summary>Bytes of the publications that wait for one broker's confirmation; 16 MiB by default.</summary>
    public long MaxOutboxBytes { get; set; } = 16 << 20;

    /// <summary>What becomes of publications while a broker is away; <see cref="OutboxPolicy.Wait"/> by default.</summary>
    public OutboxPolicy WhileAway { get; set; }

    /// <summary>How long a subscription waits for a topic's history before it is refused for now; 5 seconds by default.</summary>
    public TimeSpan SubscribeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    internal BackplaneOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfZero(Brokers.Count, nameof(Brokers));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutboxMessages, 1, nameof(MaxOutboxMessages));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutboxBytes, 1, nameof(MaxOutboxBytes));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(SubscribeTimeout, TimeSpan.Zero, nameof(SubscribeTimeout));
        if (Brokers.Select(static broker => broker.Name).Distinct(StringComparer.Ordinal).Count() != Brokers.Count)
        {
            throw new ArgumentException("Each broker has a name of its own.", nameof(Brokers));
        }

        if (Brokers.Any(broker => broker.Traits.KeepsHistory != Brokers[0].Traits.KeepsHistory))
        {
            throw new ArgumentException("Either all brokers keep history, or none does.", nameof(Brokers));
        }

        return (BackplaneOptions)MemberwiseClone();
    }
}
