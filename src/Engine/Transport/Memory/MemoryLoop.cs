namespace Engine;

/// <summary>A loop without a thread: whoever calls <see cref="RunUntilIdle"/> is its thread, and its clock moves only when told. For tests and deterministic embedding.</summary>
internal sealed class MemoryLoop : EventLoop
{
    private readonly object _gate = new();
    private readonly Queue<Action> _events = new();
    private long _clock;

    public MemoryLoop()
        : base(index: 0)
    {
        _clock = NowMilliseconds;
        Enter();
    }

    /// <summary>Queues an event of a peer, in the order in which a network would bring it.</summary>
    public void Raise(Action upcall) => _events.Enqueue(upcall);

    /// <summary>Runs turns until nothing is left to do.</summary>
    public void RunUntilIdle()
    {
        SynchronizationContext? outer = SynchronizationContext.Current;
        Enter();
        try
        {
            do
            {
                RunTurn(mayWait: false);
            }
            while (_events.Count > 0 || HasWork);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    /// <summary>Waits until another thread posts something; false when the time is over first.</summary>
    public bool WaitForPost(TimeSpan timeout)
    {
        lock (_gate)
        {
            return HasWork || Monitor.Wait(_gate, timeout);
        }
    }

    public void Advance(TimeSpan time) => _clock += (long)time.TotalMilliseconds;

    protected override bool Poll(int timeoutMilliseconds)
    {
        BeginTurn();
        for (int count = _events.Count; count > 0; count--)
        {
            Action upcall = _events.Dequeue();
            try
            {
                upcall();
            }
            catch (Exception exception)
            {
                Fault(upcall.Target, exception);
            }

            RestoreThread();
        }

        // Nobody sleeps here, so producers are asked to signal at all times.
        MarkAsleep();
        return _events.Count > 0;
    }

    protected override void OpenBackEnd()
    {
    }

    protected override void Wake()
    {
        lock (_gate)
        {
            Monitor.Pulse(_gate);
        }
    }

    protected override void CloseBackEnd()
    {
    }

    private protected override long ReadClock() => _clock == 0 ? Environment.TickCount64 : _clock;

    private protected override long ReadFineClock() => _clock;
}
