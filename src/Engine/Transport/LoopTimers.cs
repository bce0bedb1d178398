namespace Engine;

/// <summary>
/// The timers of one loop that are not a connection's own deadline: a wheel, and who stands in which of its slots. Loop only.
/// A timer that is cleared or moved further away keeps its place until that comes round, so that moving back and forth costs nothing.
/// </summary>
internal sealed class LoopTimers(long nowMilliseconds)
{
    private readonly TimerWheel _wheel = new(nowMilliseconds);
    private readonly Stack<int> _free = new();
    private readonly List<int> _due = [];
    private LoopTimer?[] _timers = [];
    private long[] _armed = [];
    private int _count;

    /// <summary>Timers that have a place.</summary>
    public int Count => _wheel.Count;

    /// <summary>Sees to it that <see cref="Advance"/> looks at the timer when it is due, or before.</summary>
    public void Arm(LoopTimer timer)
    {
        if (!timer.HasSlot)
        {
            timer.SlotIndex = TakeSlot();
            _timers[timer.SlotIndex] = timer;
            _armed[timer.SlotIndex] = long.MaxValue;
        }

        if (timer.DueMilliseconds < _armed[timer.SlotIndex])
        {
            _armed[timer.SlotIndex] = timer.DueMilliseconds;
            _wheel.Set(timer.SlotIndex, timer.DueMilliseconds);
        }
    }

    public void Remove(LoopTimer timer)
    {
        if (timer.HasSlot)
        {
            int slotIndex = timer.SlotIndex;
            _wheel.Cancel(slotIndex);
            Free(slotIndex);
        }
    }

    /// <summary>Whether <see cref="Advance"/> would raise anything.</summary>
    public bool IsDue(long nowMilliseconds) => _wheel.IsDue(nowMilliseconds);

    /// <summary>Fires what is due.</summary>
    public void Advance(long nowMilliseconds)
    {
        _wheel.Advance(nowMilliseconds, _due);
        foreach (int slotIndex in _due)
        {
            // Its owner may have ended in a callback just now.
            if (_timers[slotIndex] is not { } timer)
            {
                continue;
            }

            if (timer.IsSet && timer.DueMilliseconds > nowMilliseconds)
            {
                _armed[slotIndex] = timer.DueMilliseconds;
                _wheel.Set(slotIndex, timer.DueMilliseconds);
                continue;
            }

            Free(slotIndex);
            if (timer.IsSet)
            {
                timer.Fire();
            }
        }

        _due.Clear();
    }

    public int MillisecondsToNext(long nowMilliseconds) => _wheel.MillisecondsToNext(nowMilliseconds);

    private int TakeSlot()
    {
        if (_free.TryPop(out int slotIndex))
        {
            return slotIndex;
        }

        if (_count == _timers.Length)
        {
            int length = Math.Max(16, _timers.Length * 2);
            Array.Resize(ref _timers, length);
            Array.Resize(ref _armed, length);
            _wheel.EnsureSlots(length);
        }

        return _count++;
    }

    private void Free(int slotIndex)
    {
        _timers[slotIndex]!.SlotIndex = -1;
        _timers[slotIndex] = null;
        _free.Push(slotIndex);
    }
}
