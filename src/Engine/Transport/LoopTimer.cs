namespace Engine;

/// <summary>
/// One timer of an event loop: set, moved and cleared any number of times. Loop only. Setting it costs O(1) and allocates nothing, so each thing that waits
/// (a heartbeat, a body's rate, a pong) has a timer of its own instead of sharing one deadline.
/// </summary>
/// <remarks>It fires up to 64 ms late, never early, and never after <see cref="Clear"/> or after the end of the connection that it belongs to.</remarks>
public sealed class LoopTimer
{
    private const int NotSet = -1;

    private readonly EventLoop _loop;
    private readonly ILoopTimerOwner? _owner;
    private readonly Action<object?> _onDue;
    private readonly object? _state;
    private long _dueMilliseconds;

    internal LoopTimer(EventLoop loop, ILoopTimerOwner? owner, Action<object?> onDue, object? state)
    {
        _loop = loop;
        _owner = owner;
        _onDue = onDue;
        _state = state;
    }

    /// <summary>Whether it runs.</summary>
    public bool IsSet => _dueMilliseconds != 0;

    /// <summary>The next timer of the same owner, by which the owner ends them all.</summary>
    internal LoopTimer? NextOfOwner { get; set; }

    /// <summary>Its place in the loop's wheel, while it has one. Written by <see cref="LoopTimers"/>.</summary>
    internal int SlotIndex { get; set; } = NotSet;

    /// <summary>Whether the wheel holds a place for it: also for a while after it was cleared or moved further away.</summary>
    internal bool HasSlot => SlotIndex != NotSet;

    internal long DueMilliseconds => _dueMilliseconds;

    /// <summary>
    /// Sets or moves the timer to now + <paramref name="dueIn"/>; <see cref="Timeout.InfiniteTimeSpan"/> clears it. Has no effect once the connection that it
    /// belongs to has ended. Loop only.
    /// </summary>
    public void Set(TimeSpan dueIn)
    {
        if (!_loop.IsCurrent)
        {
            ThrowHelper.NotOnLoop();
        }

        if (dueIn == Timeout.InfiniteTimeSpan)
        {
            _dueMilliseconds = 0;
        }
        else if (_owner is not { IsEnded: true })
        {
            _dueMilliseconds = _loop.DueAfter(dueIn);
            _loop.Timers.Arm(this);
        }
    }

    /// <summary>Stops the timer; it does not fire until it is set again. Loop only.</summary>
    public void Clear()
    {
        if (!_loop.IsCurrent)
        {
            ThrowHelper.NotOnLoop();
        }

        _dueMilliseconds = 0;
    }

    /// <summary>The owner has ended: gives the place in the wheel back at once, so that the wheel does not keep what has ended.</summary>
    internal void End()
    {
        _dueMilliseconds = 0;
        _loop.Timers.Remove(this);
    }

    /// <summary>The time has come. What the callback throws is the owner's fault, or the loop's.</summary>
    internal void Fire()
    {
        _dueMilliseconds = 0;
        try
        {
            _onDue(_state);
        }
        catch (Exception exception)
        {
            if (_owner is null)
            {
                _loop.Fault(source: null, exception);
            }
            else
            {
                _owner.OnTimerFault(exception);
            }
        }

        _loop.RestoreThread();
    }
}

/// <summary>Whom a <see cref="LoopTimer"/> belongs to: the connection.</summary>
internal interface ILoopTimerOwner
{
    /// <summary>Whether its timers may no longer run.</summary>
    bool IsEnded { get; }

    /// <summary>The callback of one of its timers threw.</summary>
    void OnTimerFault(Exception exception);
}
