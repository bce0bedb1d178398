using System.Threading.Tasks.Sources;

namespace Engine.WebSockets;

/// <summary>
/// Between a connection that hands out messages and a function that asks for them: at most one message is on the way, and the connection reads on when the
/// function asks for the next. A function that stays on the loop is continued in place, without a hop or an allocation. All state is the loop's.
/// </summary>
internal sealed class MessageReader : IAsyncEnumerable<ReceivedMessage>, IAsyncEnumerator<ReceivedMessage>, IValueTaskSource<bool>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _wanted;
    private ManualResetValueTaskSourceCore<bool> _taken;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private Connection? _connection;
    private BorrowedMessage _current;
    private MessageBytes _next;
    private bool _hasNext;
    private bool _isWanted;
    private bool _isTakenOwed;
    private bool _isEnded;
    private bool _isClosed;
    private int _isEnumerated;

    /// <summary>Valid until the next call of <see cref="MoveNextAsync"/>.</summary>
    public ReceivedMessage Current => _current.Current;

    public void Attach(Connection connection) => _connection = connection;

    public IAsyncEnumerable<ReceivedMessage> ReadAllAsync(CancellationToken cancellationToken)
    {
        _cancellation = cancellationToken;
        return this;
    }

    public IAsyncEnumerator<ReceivedMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isEnumerated, 1) != 0)
        {
            throw new InvalidOperationException("The messages of a connection are read by one enumeration, once.");
        }

        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken;
        }

        _registration = _cancellation.UnsafeRegister(static reader => ((MessageReader)reader!).OnCancelled(), this);
        return this;
    }

    public ValueTask<bool> MoveNextAsync()
    {
        _wanted.Reset();
        var task = new ValueTask<bool>(this, _wanted.Version);
        if (_connection!.IsOnLoop || Volatile.Read(ref _isClosed))
        {
            // Also where the connection has ended, and its loop perhaps too: nobody else touches this any more.
            Want();
        }
        else
        {
            _connection.Post(static reader => ((MessageReader)reader!).Want(), this);
        }

        return task;
    }

    /// <summary>The function has stopped reading: later messages are thrown away, so that close frames are still seen.</summary>
    public ValueTask DisposeAsync()
    {
        _registration.Dispose();
        if (_connection!.IsOnLoop || Volatile.Read(ref _isClosed))
        {
            Stop();
        }
        else
        {
            _connection.Post(static reader => ((MessageReader)reader!).Stop(), this);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>A message arrived. The task completes when the function asks for the one after it. Loop only.</summary>
    public ValueTask OnMessage(WebSocketMessage message)
    {
        if (_isEnded)
        {
            return ValueTask.CompletedTask;
        }

        _next = message.TakeBytes();
        _hasNext = true;
        if (_isWanted)
        {
            Hand();

            // A function that went on in place has asked for the next one already.
            if (_isWanted || _isEnded)
            {
                return ValueTask.CompletedTask;
            }
        }

        _taken.Reset();
        _isTakenOwed = true;
        return new ValueTask(this, _taken.Version);
    }

    /// <summary>The connection has ended. Loop only.</summary>
    public void OnClosed()
    {
        _isEnded = true;
        if (_isWanted && !_hasNext)
        {
            _isWanted = false;
            _current.End();
            _wanted.SetResult(false);
        }

        Volatile.Write(ref _isClosed, true);
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _wanted.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _wanted.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (_connection!.IsOnLoop)
        {
            // It will be completed on the loop, whose context is the one that was current: going on in place is going back to it.
            flags &= ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext;
            _wanted.RunContinuationsAsynchronously = false;
        }
        else
        {
            _wanted.RunContinuationsAsynchronously = true;
        }

        _wanted.OnCompleted(continuation, state, token, flags);
    }

    void IValueTaskSource.GetResult(short token) => _taken.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _taken.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _taken.OnCompleted(continuation, state, token, flags);

    private void Want()
    {
        _current.End();
        _isWanted = true;
        if (_cancellation.IsCancellationRequested)
        {
            OnCancelledOnLoop();
        }
        else if (_hasNext)
        {
            Hand();
        }
        else if (_isEnded)
        {
            _isWanted = false;
            _wanted.SetResult(false);
        }
        else
        {
            MarkTaken();
        }
    }

    private void Hand()
    {
        _isWanted = false;
        _hasNext = false;
        _current.Lend(_next);
        _next = default;
        _wanted.SetResult(true);
    }

    private void Stop()
    {
        _isEnded = true;
        _current.End();
        if (_hasNext)
        {
            _hasNext = false;
            _next.Return();
        }

        MarkTaken();
    }

    /// <summary>Lets the connection read on. It does so from its own turn, never from within this call.</summary>
    private void MarkTaken()
    {
        if (_isTakenOwed)
        {
            _isTakenOwed = false;
            _taken.SetResult(true);
        }
    }

    private void OnCancelled() => _connection!.Post(static reader => ((MessageReader)reader!).OnCancelledOnLoop(), this);

    private void OnCancelledOnLoop()
    {
        if (_isWanted)
        {
            _isWanted = false;
            _wanted.SetException(new OperationCanceledException(_cancellation));
        }
    }
}
