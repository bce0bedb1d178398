namespace Engine;

/// <summary>The loop's thread: its start, its run, its end, and what it must look like to everybody that it calls.</summary>
internal abstract partial class EventLoop
{
    private ExecutionContext? _cleanContext;

    /// <summary>Starts the loop's thread.</summary>
    public void Start()
    {
        var thread = new Thread(Run) { IsBackground = true, Name = $"engine-loop-{Index}" };

        // Unsafe, because the AsyncLocals of whoever starts a server are not its connections'.
        thread.UnsafeStart();
    }

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
        Enter();
        Schedule(TrimPools, TrimMilliseconds);
        try
        {
            while (!_stopping)
            {
                RunTurn(mayWait: true);
            }

            RunTurn(mayWait: false);
        }
        finally
        {
            CloseBackEnd();
            _completion.TrySetResult();
        }
    }
}
