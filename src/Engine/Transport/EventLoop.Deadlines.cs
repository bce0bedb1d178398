namespace Engine;

/// <summary>What is due: each member's own deadline, and the loop's timers.</summary>
internal abstract partial class EventLoop
{
    /// <summary>A century: longer than any process, and far from overflowing the clock.</summary>
    private const double MaxDueMilliseconds = 100 * 365.25 * 86_400_000;

    /// <summary>Looks into the kernel before deadlines are judged, so that a flood of events cannot keep them from being raised at all.</summary>
    private const int MaxPollsBeforeDeadlines = 64;

    private readonly TimerWheel _deadlines;
    private readonly List<int> _due = [];

    /// <summary>Every timer but the members' own deadlines. Loop only.</summary>
    public LoopTimers Timers { get; }

    /// <summary>
    /// Sets or moves the one deadline of a registered member. Loop only. An id that resolves to nothing sets nothing: its slot may belong to another by now.
    /// </summary>
    public void SetDue(ConnectionId id, long dueMilliseconds)
    {
        if (FindMember(id) is not null)
        {
            _deadlines.Set(id.SlotIndex, dueMilliseconds);
        }
    }

    /// <summary>Now + <paramref name="dueIn"/> on the loop's clock, at least a millisecond from now; a time that no clock reaches is as good as one that it does.</summary>
    public long DueAfter(TimeSpan dueIn)
        => NowMilliseconds + (long)Math.Clamp(dueIn.TotalMilliseconds, 1, MaxDueMilliseconds);

    /// <summary>
    /// Reads what the kernel holds before deadlines are judged. One poll takes a bounded number of events: after a turn that took long there may be more, and
    /// a peer whose answer lies there is not late, the loop is.
    /// </summary>
    private void PollBeforeDeadlines(bool hasMore)
    {
        if (!hasMore || (!_deadlines.IsDue(NowMilliseconds) && !Timers.IsDue(NowMilliseconds)))
        {
            return;
        }

        for (int polls = 0; hasMore && polls < MaxPollsBeforeDeadlines; polls++)
        {
            hasMore = Poll(0);
            RunWork();
        }
    }

    private void RaiseDeadlines()
    {
        _deadlines.Advance(NowMilliseconds, _due);
        foreach (int slotIndex in _due)
        {
            ILoopMember? member = _slots[slotIndex].Member;
            try
            {
                member?.OnDue();
            }
            catch (Exception exception)
            {
                Fault(member, exception);
            }

            RestoreThread();
        }

        _due.Clear();
        Timers.Advance(NowMilliseconds);
    }
}
