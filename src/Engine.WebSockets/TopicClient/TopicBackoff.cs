namespace Engine.WebSockets;

/// <summary>
/// What follows the loss of a connection, and how long to wait before the next attempt: a random time from zero up to a bound, which the server gives before it
/// stops, or which doubles with each failure.
/// </summary>
internal sealed class TopicBackoff(TimeSpan shortest, TimeSpan longest, Func<double> random)
{
    /// <summary>A server that was too far ahead of this client is given at least so many doublings of time.</summary>
    private const int OverloadFailures = 3;

    private int _failures;

    /// <summary>In which time the server wants its clients back; null when it did not say. Holds for the next attempt.</summary>
    public TimeSpan? Window { get; set; }

    /// <summary>What a close code means, or under 1000 a status of HTTP, when nothing overrules it.</summary>
    public static TopicReconnect AdviceOf(int code, bool hasToken) => code switch
    {
        1001 or 1012 => TopicReconnect.Again,
        401 when !hasToken => TopicReconnect.Never,
        204 or 403 or 1000 or 1002 or 1003 or 1007 or 1008 or 1010 => TopicReconnect.Never,
        _ => TopicReconnect.Later,
    };

    /// <summary>The last connection proved itself: failures are counted from zero again.</summary>
    public void Reset() => _failures = 0;

    /// <param name="code">Why the connection was lost.</param>
    /// <param name="isSoon">Whether it is to come back soon, after a connection that had opened.</param>
    /// <param name="asked">The least that the server asks for.</param>
    public TimeSpan Next(int code, bool isSoon, TimeSpan? asked)
    {
        if (code == 1013)
        {
            _failures = Math.Max(_failures, OverloadFailures);
        }

        int doublings = isSoon ? 1 : _failures++;
        double doubled = Math.Min(shortest.TotalMilliseconds * Math.Pow(2, Math.Min(doublings, 16)), longest.TotalMilliseconds);
        double bound = Window?.TotalMilliseconds ?? doubled;
        Window = null;
        return (asked ?? TimeSpan.Zero) + TimeSpan.FromMilliseconds(bound * random());
    }
}
