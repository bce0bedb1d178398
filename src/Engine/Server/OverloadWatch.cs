namespace Engine;

/// <summary>
/// Keeps a server within <see cref="ServerOptions.MaxTotalOutboundBytes"/>: where refusing new messages was not enough, the connections that have lagged
/// the longest are closed. One a loop; a chore that runs only when the option is set.
/// </summary>
internal sealed class OverloadWatch(EventLoop loop, EngineMetrics metrics, long maxTotalBytes)
{
    private const int IntervalMilliseconds = 250;

    private readonly List<Connection> _lagging = [];

    /// <summary>Begins to watch. Any thread.</summary>
    public void Start() => loop.Post(static state => ((OverloadWatch)state!).Again(), this);

    private void Again() => loop.Schedule(Look, IntervalMilliseconds);

    private void Look()
    {
        long queued = metrics.QueuedBytes;
        if (queued > maxTotalBytes)
        {
            // Each loop gives back its part of what is too much.
            long share = (long)((queued - maxTotalBytes) * ((double)loop.Counters.QueuedBytes / queued));
            CloseSlowest(Math.Max(share, 1));
        }

        Again();
    }

    private void CloseSlowest(long bytes)
    {
        loop.VisitAll(
            static (member, lagging) =>
            {
                if (member is Connection { BacklogBytes: > 0 } connection)
                {
                    lagging.Add(connection);
                }
            },
            _lagging);
        _lagging.Sort(static (left, right) => left.BacklogSinceMilliseconds.CompareTo(right.BacklogSinceMilliseconds));
        foreach (Connection connection in _lagging)
        {
            if (bytes <= 0)
            {
                break;
            }

            bytes -= connection.BacklogBytes;
            connection.EndSlowConsumer();
        }

        _lagging.Clear();
    }
}
