namespace Engine.Sse;

/// <summary>When a client connects again. Counts the attempts that brought no event. Pure but for the chance that the caller hands in.</summary>
internal struct SseReconnection(SseClientOptions options)
{
    private int _vainAttempts;

    /// <summary>What the server asked for last; null until it did.</summary>
    public TimeSpan? Asked { get; set; }

    /// <summary>The wait after a stream that brought events, without jitter: never below the minimum, whatever server or option say.</summary>
    public readonly TimeSpan Interval
    {
        get
        {
            TimeSpan wanted = Asked ?? options.ReconnectionInterval;
            return wanted > options.MinReconnectionInterval ? wanted : options.MinReconnectionInterval;
        }
    }

    /// <summary>Attempts since the last event.</summary>
    public readonly int VainAttempts => _vainAttempts;

    /// <summary>An event came.</summary>
    public void NoteEvent() => _vainAttempts = 0;

    /// <summary>An attempt or a stream is over. Returns false when it was the last that may bring nothing.</summary>
    public bool TryGoOn() => ++_vainAttempts != options.MaxAttempts;

    /// <summary>
    /// The wait before the next attempt: it doubles with each attempt that brought nothing, and is never shorter than <paramref name="retryAfter"/>.
    /// </summary>
    /// <param name="retryAfter">What the last response's Retry-After says; null without one.</param>
    /// <param name="chance">From 0 to 1: how much of the jitter is added.</param>
    public readonly TimeSpan Wait(TimeSpan? retryAfter, double chance)
    {
        double interval = Interval.TotalMilliseconds;
        double doubled = interval * Math.Pow(2, Math.Clamp(_vainAttempts - 1, 0, 20));
        double wait = Math.Max(interval, Math.Min(doubled, options.MaxReconnectionInterval.TotalMilliseconds));
        wait = Math.Max(wait, retryAfter?.TotalMilliseconds ?? 0);
        return TimeSpan.FromMilliseconds(Math.Min(wait * (1 + (options.ReconnectionJitter * chance)), int.MaxValue));
    }
}
