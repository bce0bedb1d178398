namespace Engine;

/// <summary>
/// Paces accepts with a bucket that holds a tenth of a second's tokens, one at least. What comes sooner waits in the kernel's backlog. Used by one
/// listener's thread at a time.
/// </summary>
internal sealed class AcceptGate(int maxPerSecond)
{
    /// <summary>A token in units: a millisecond brings as many units as there are accepts a second, so that no rate is rounded.</summary>
    private const long TokenUnits = 1000;

    private readonly long _capacityUnits = Math.Max(maxPerSecond * TokenUnits / 10, TokenUnits);
    private long _units = Math.Max(maxPerSecond * TokenUnits / 10, TokenUnits);
    private long _filledAt = long.MinValue;

    /// <summary>Returns the milliseconds to wait before the next accept; 0 when it may be taken now, which takes a token.</summary>
    public int TryTake(long nowMilliseconds)
    {
        if (maxPerSecond == 0)
        {
            return 0;
        }

        if (_filledAt != long.MinValue)
        {
            // Nobody needs more than what fills the bucket, and a long night must not overflow.
            long elapsed = Math.Clamp(nowMilliseconds - _filledAt, 0, TokenUnits);
            _units = Math.Min(_units + (elapsed * maxPerSecond), _capacityUnits);
        }

        _filledAt = nowMilliseconds;
        if (_units < TokenUnits)
        {
            return (int)Math.Max((TokenUnits - _units + maxPerSecond - 1) / maxPerSecond, 1);
        }

        _units -= TokenUnits;
        return 0;
    }

    /// <summary>The token was not used: nobody was waiting.</summary>
    public void PutBack() => _units = Math.Min(_units + TokenUnits, _capacityUnits);
}
