namespace Engine;

/// <summary>The loop's thread: its start, its run, its end, and what it must look like to everybody that it calls.</summary>
internal abstract partial class EventLoop
{
    private ExecutionContext? _cleanContext;
    private volatile bool _ended;

    /// <summary>Called first on the loop's thread, to prepare it. Set before <see cref="Start"/>.</summary>
    public Action? PrepareThread { get; set; }

    /// <summary>Whether the loop's thread has ended: what is posted now runs elsewhere, and no connection can live here.</summary>
    public bool HasEnded => _ended;

    /// <summary>Whether the thread was started.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Opens what the back end needs. Before <see cref="Start"/>, once.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The process has no descriptors left.</exception>
    public void Open() => OpenBackEnd();

    /// <summary>Gives back what <see cref="Open"/> opened, for a loop that will not start.</summary>
    public void CloseUnstarted()
    {
        CloseBackEnd();
        _completion.TrySetResult();
    }

    /// <summary>Starts the loop's thread.</summary>
    public void Start()
    {
        IsStarted = true;
        var thread = new Thread(Run) { IsBackground = true, Name = $"engine-loop-{Index}" };

        // Unsafe, because the AsyncLocals of whoever starts a server are not its connections'.
        thread.UnsafeStart();
    }

    /// <summary>Opens descriptors and the like, of which a loop that never starts needs none.</summary>
    protected abstract void OpenBackEnd();

    /// <summary>Makes the calling thread the loop's.</summary>
    private protected void Enter()
    {
        _threadId = Environment.CurrentManagedThreadId;
        _turnEndMilliseconds = ReadClock();
        _cleanContext = ExecutionContext.Capture();
        SynchronizationContext.SetSynchronizationContext(_context);
    }

    /// <summary>
    /// Called after each call out of the loop: what host code left on the thread (AsyncLocals, with them the culture and the current activity; another
    /// synchronization context) must not reach the next connection. Costs two reads of the thread when nothing was left.
    /// </summary>
    public void RestoreThread()
    {
        if (!ReferenceEquals(ExecutionContext.Capture(), _cleanContext) && _cleanContext is not null)
        {
            ExecutionContext.Restore(_cleanContext);
        }

        if (!ReferenceEquals(SynchronizationContext.Current, _context))
        {
            SynchronizationContext.SetSynchronizationContext(_context);
        }
    }

    private void Run()
    {
        PrepareThread?.Invoke();
        Enter();
        Schedule(TrimPools, TrimMilliseconds);
        while (!_stopping)
        {
            RunTurn(mayWait: true);
        }

        RunTurn(mayWait: false);
        CloseBackEnd();
        Leave();
        _ended = true;
        _completion.TrySetResult();
        GoToSleepForGood();
    }

    /// <summary>The calling thread is the loop's no longer.</summary>
    private void Leave()
    {
        _threadId = 0;
        SynchronizationContext.SetSynchronizationContext(null);
    }

    private void WakeOrRunLate()
    {
        if (_ended)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.RunLate(), this, preferLocal: false);
        }
        else
        {
            Wake();
        }
    }

    /// <summary>
    /// Runs, on a thread of the pool that stands in for the loop's, what is posted to a loop that has ended: handlers that still wait for something come
    /// to their end. One item after the other, as ever; there are no connections, timers or turns any more.
    /// </summary>
    private void RunLate()
    {
        Enter();
        while (_work.TryDequeue(out WorkItem item))
        {
            Run(item);
        }

        Leave();
        GoToSleepForGood();
    }

    /// <summary>From here on a producer starts <see cref="RunLate"/>; one that enqueued just before is seen by the second look.</summary>
    private void GoToSleepForGood()
    {
        Interlocked.Exchange(ref _awake, 0);
        if (!_work.IsEmpty && Interlocked.Exchange(ref _awake, 1) == 0)
        {
            WakeOrRunLate();
        }
    }
}
