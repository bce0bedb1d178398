namespace Engine.Tests;

/// <summary>What the schedules of a run met.</summary>
internal sealed class OutboxScheduleTotals
{
    private int _scheduleCount;
    private int _sent;
    private int _queued;
    private int _dropped;
    private int _closed;
    private int _cancelled;
    private int _ended;

    public bool EveryKindWasMet => _sent > 0 && _queued > 0 && _dropped > 0 && _closed > 0 && _cancelled > 0 && _ended > 0;

    public void Add(OutboxSchedule schedule)
    {
        _scheduleCount++;
        _sent += schedule.CountOf(SendStatus.Sent);
        _queued += schedule.CountOf(SendStatus.Queued);
        _dropped += schedule.CountOf(SendStatus.Dropped);
        _closed += schedule.CountOf(SendStatus.Closed) - schedule.CancelledCount;
        _cancelled += schedule.CancelledCount;
        _ended += schedule.WasEnded ? 1 : 0;
    }

    public override string ToString()
        => $"{_scheduleCount} schedules: {_sent} sent, {_queued} queued, {_dropped} dropped, {_closed} refused after the end, {_cancelled} cancelled; {_ended} ended in between";
}
