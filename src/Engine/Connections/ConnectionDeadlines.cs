namespace Engine;

/// <summary>
/// The deadlines of a connection. The loop's wheel knows one time a connection, the earliest of them; the others are found when that one comes. Times are of the
/// loop's clock, 0 is none. Loop only; a mutable field of its connection.
/// </summary>
internal struct ConnectionDeadlines
{
    private long _armedAt;

    /// <summary>
    /// What the protocol set, for as long as it is called. Once the connection closes, no protocol has a deadline any more, and this is when the close ends, whatever
    /// the peer does.
    /// </summary>
    public long ProtocolAt { get; set; }

    /// <summary>A handshake that takes too long, or the next look at a peer's progress; which of the two follows from the connection's state.</summary>
    public long EngineAt { get; set; }

    /// <summary>The earliest of them; 0 when there is none.</summary>
    public readonly long Earliest => ProtocolAt == 0 ? EngineAt : EngineAt == 0 ? ProtocolAt : Math.Min(ProtocolAt, EngineAt);

    /// <summary>
    /// Returns whether the wheel has to move for a deadline. Only an earlier one does; a later one is found when the earlier fires, so that moving a deadline back
    /// and forth stays cheap.
    /// </summary>
    public bool TryArm(long at)
    {
        if (at == 0 || (_armedAt != 0 && at >= _armedAt))
        {
            return false;
        }

        _armedAt = at;
        return true;
    }

    /// <summary>The wheel has fired. Returns which deadlines have passed; they are cleared.</summary>
    public PassedDeadlines TakePassed(long now)
    {
        _armedAt = 0;
        PassedDeadlines passed = PassedDeadlines.None;
        if (EngineAt != 0 && EngineAt <= now)
        {
            EngineAt = 0;
            passed |= PassedDeadlines.Engine;
        }

        if (ProtocolAt != 0 && ProtocolAt <= now)
        {
            ProtocolAt = 0;
            passed |= PassedDeadlines.Protocol;
        }

        return passed;
    }
}

/// <summary>Deadlines that have passed.</summary>
[Flags]
internal enum PassedDeadlines : byte
{
    None = 0,
    Engine = 1,
    Protocol = 2,
}
