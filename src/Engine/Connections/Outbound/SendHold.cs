namespace Engine;

/// <summary>The delay line that a connection's messages wait in, and whether one of them stands there. A mutable field of its connection.</summary>
internal struct SendHold
{
    private DelayLine? _line;
    private int _waits;

    /// <summary>The line of the interval; null when messages do not wait. Any thread.</summary>
    public readonly DelayLine? Line => Volatile.Read(in _line);

    /// <summary>Loop only.</summary>
    public void SetLine(DelayLine? line) => Volatile.Write(ref _line, line);

    /// <summary>Returns true to the one that has to stand in line for all messages of an interval. Any thread.</summary>
    public bool TryWait() => Volatile.Read(ref _waits) == 0 && Interlocked.Exchange(ref _waits, 1) == 0;

    /// <summary>The interval is over: the next message begins another. Loop only, before messages of other threads are taken.</summary>
    public void WaitIsOver() => Interlocked.Exchange(ref _waits, 0);
}
