namespace Engine;

/// <summary>Lets one log line a second through and counts those that it holds back, so that what peers cause cannot flood a log. Any thread.</summary>
internal sealed class LogLimiter
{
    private const long IntervalMilliseconds = 1000;

    private long _nextMilliseconds = long.MinValue;
    private long _held;

    /// <summary>Returns whether a line may be written now, and how many were held back since the last one.</summary>
    public bool TryPass(long nowMilliseconds, out long held)
    {
        long next = Volatile.Read(ref _nextMilliseconds);
        if (nowMilliseconds < next || Interlocked.CompareExchange(ref _nextMilliseconds, nowMilliseconds + IntervalMilliseconds, next) != next)
        {
            Interlocked.Increment(ref _held);
            held = 0;
            return false;
        }

        held = Interlocked.Exchange(ref _held, 0);
        return true;
    }
}
