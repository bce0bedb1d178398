namespace Engine;

/// <summary>
/// When the peer last took bytes. The kernel takes megabytes at once and tells of room only when a good part of them has left, so what counts is what the peer
/// acknowledged, where the kernel tells; elsewhere, what the kernel took. Loop only; a mutable field of its connection.
/// </summary>
internal struct PeerProgress
{
    // The low halves: only differences count, over minutes at most.
    private uint _acknowledgedBytes;
    private uint _atMilliseconds;

    /// <summary>A number that has changed when the kernel has taken bytes since it was last looked at.</summary>
    public readonly long Mark => _atMilliseconds;

    /// <summary>From here on it counts.</summary>
    public void Begin(long nowMilliseconds, TcpInfo info)
    {
        _atMilliseconds = (uint)nowMilliseconds;
        _acknowledgedBytes = (uint)info.AcknowledgedBytes;
    }

    /// <summary>The kernel took bytes.</summary>
    public void KernelTook(long nowMilliseconds) => _atMilliseconds = (uint)nowMilliseconds;

    /// <summary>Whether the peer took bytes within the timeout.</summary>
    public bool IsWithin(TimeSpan timeout, long nowMilliseconds, TcpInfo info)
    {
        if (info.IsKnown && (uint)info.AcknowledgedBytes != _acknowledgedBytes)
        {
            Begin(nowMilliseconds, info);
        }

        return (uint)nowMilliseconds - _atMilliseconds < timeout.TotalMilliseconds;
    }
}
