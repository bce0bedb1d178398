namespace Engine;

/// <summary>
/// Measures the turns of one loop, so that anybody can ask for the longest of the last ten to twenty seconds. Written by the loop, two plain stores a turn;
/// read by any thread. Milliseconds of the loop's clock.
/// </summary>
internal struct TurnWatch
{
    private const long WindowMilliseconds = 10_000;

    /// <summary>When the turn in progress began; 0 between turns.</summary>
    private long _began;
    private long _windowBegan;
    private long _longest;

    /// <summary>The longest of the window before.</summary>
    private long _longestBefore;

    public void Begin(long nowMilliseconds) => Volatile.Write(ref _began, nowMilliseconds);

    /// <summary>Returns how long the turn took.</summary>
    public long End(long nowMilliseconds)
    {
        long took = nowMilliseconds - _began;
        Volatile.Write(ref _began, 0);
        long age = nowMilliseconds - _windowBegan;
        if (age >= WindowMilliseconds)
        {
            // A loop that slept through more than a window has no window before this one.
            Volatile.Write(ref _longestBefore, age < 2 * WindowMilliseconds ? _longest : 0);
            Volatile.Write(ref _longest, took);
            Volatile.Write(ref _windowBegan, nowMilliseconds);
        }
        else if (took > _longest)
        {
            Volatile.Write(ref _longest, took);
        }

        return took;
    }

    public readonly long InProgress(long nowMilliseconds)
    {
        long began = Volatile.Read(in _began);
        return began == 0 ? 0 : Math.Max(nowMilliseconds - began, 0);
    }

    public readonly long RecentLongest(long nowMilliseconds)
    {
        long age = nowMilliseconds - Volatile.Read(in _windowBegan);
        long longest = age < 2 * WindowMilliseconds ? Volatile.Read(in _longest) : 0;
        long before = age < WindowMilliseconds ? Volatile.Read(in _longestBefore) : 0;
        return Math.Max(Math.Max(longest, before), InProgress(nowMilliseconds));
    }
}
