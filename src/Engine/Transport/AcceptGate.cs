namespace Engine;

/// <summary>Paces accepts: a bucket of a tenth of a second's tokens. What comes sooner waits in the kernel's backlog. Used by one listener's thread at a time.</summary>
internal sealed class AcceptGate(int maxPerSecond)
{
    private const int RefillMilliseconds = 100;

    private readonly int _capacity = Math.Max(maxPerSecond / 10, 1);
    private long _refillAt;
    private int _tokens;

    /// <summary>Milliseconds to wait before the next accept; 0 when it may be taken now, which takes a token.</summary>
    public int TryTake(long nowMilliseconds)
    {
        if (maxPerSecond == 0)
        {
            return 0;
        }

        int interval = maxPerSecond < 10 ? 1000 / maxPerSecond : RefillMilliseconds;
        if (nowMilliseconds >= _refillAt)
        {
            _tokens = _capacity;
            _refillAt = nowMilliseconds + interval;
        }

        if (_tokens == 0)
        {
            return (int)Math.Max(_refillAt - nowMilliseconds, 1);
        }

        _tokens--;
        return 0;
    }

    /// <summary>The token was not used: nobody was waiting.</summary>
    public void PutBack() => _tokens++;
}
