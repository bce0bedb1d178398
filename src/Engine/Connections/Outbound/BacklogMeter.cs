namespace Engine;

/// <summary>
/// The bytes that stayed behind at the end of a turn, since when, and how often in a row that took too long. Loop only; a mutable field of its connection.
/// </summary>
internal struct BacklogMeter
{
    private int _slowWrites;

    /// <summary>Bytes that stayed behind at the end of the last turn.</summary>
    public int Bytes { get; private set; }

    /// <summary>Since when some have.</summary>
    public long SinceMilliseconds { get; private set; }

    /// <summary>Takes the backlog of this turn's end. Returns whether the peer was slow once too often in a row.</summary>
    /// <param name="bytes">What stays behind now.</param>
    /// <param name="nowMilliseconds">The loop's clock.</param>
    /// <param name="options">The limits for slow writes.</param>
    public bool Count(int bytes, long nowMilliseconds, ConnectionOptions options)
    {
        bool wasSlow = false;
        if (Bytes == 0)
        {
            SinceMilliseconds = nowMilliseconds;
        }
        else if (bytes == 0)
        {
            wasSlow = CountWrite(nowMilliseconds - SinceMilliseconds, options);
        }

        Bytes = bytes;
        return wasSlow;
    }

    private bool CountWrite(long milliseconds, ConnectionOptions options)
    {
        if (milliseconds <= options.SlowWriteThreshold.TotalMilliseconds)
        {
            _slowWrites = 0;
            return false;
        }

        if (++_slowWrites < options.SlowWriteCount)
        {
            return false;
        }

        _slowWrites = 0;
        return true;
    }
}
