using System.Threading.Tasks.Sources;

namespace Engine.WebSockets;

/// <summary>
/// Between a connection that hands out messages and a function that asks for them, when it likes and how often it likes. Messages that nobody asked for wait here,
/// up to a bound; past it the connection reads no more until the function asks. A function that stays on the loop is continued in place, without a hop or an
/// allocation. All state is the loop's.
/// </summary>
/// <remarks>
/// <code>
///   Idle  --message: it waits; ask with one waiting: handed out--&gt; Idle
///   Idle  --ask with none waiting--&gt; Asked     Asked --message: handed out; or cancelled--&gt; Idle
///   any   --connection closed--&gt; Ended         Ended --ask: what still waits, then "no more"--&gt; Ended
/// </code>
/// Who asks for parts is handed what there is of a message that is still arriving; what is left of it when it is complete is its last part.
/// </remarks>
/// <param name="maxUnreadBytes">Bytes of messages that may wait before the connection is held back.</param>
internal sealed class MessageReader(int maxUnreadBytes) : IAsyncEnumerable<ReceivedMessage>, IAsyncEnumerator<ReceivedMessage>, IValueTaskSource<bool>, IValueTaskSource
{
    /// <summary>What a waiting message costs beside its bytes, so that empty ones are bounded too.</summary>
    private const int MessageCostBytes = 64;

    private Queue<MessageBytes>? _unread;
    private ManualResetValueTaskSourceCore<bool> _answer;
    private ManualResetValueTaskSourceCore<bool> _room;
    private CancellationTokenRegistration _registration;
    private CancellationToken _enumerationToken;
    private CancellationToken _token;
    private Connection? _connection;
    private WebSocketProtocol? _protocol;
    private BorrowedMessage _current;
    private int _unreadBytes;
    private int _isAsking;
    private State _state;

    /// <summary>Bytes of a message that is still arriving, which the protocol holds.</summary>
    private int _heldBytes;
    private bool _isHeldText;

    /// <summary>Whether the one that is asked for may be a part.</summary>
    private bool _isPartAsked;

    /// <summary>Whether parts of a message were handed out, and its last was not.</summary>
    private bool _isInMessage;
    private bool _isRoomOwed;
    private bool _isClosed;

    /// <summary>Where the function stands.</summary>
    internal enum State : byte
    {
        /// <summary>It does something else.</summary>
        Idle = 0,

        /// <summary>It waits for a message.</summary>
        Asked = 1,

        /// <summary>No more messages will come.</summary>
        Ended = 2,
    }

    /// <summary>Valid until the next is asked for.</summary>
    public ReceivedMessage Current => _current.Current;

    /// <summary>For tests.</summary>
    internal State Stand => _state;

    /// <summary>Whether a close frame of the peer waits for <see cref="WebSocketConnection.Close(System.Net.WebSockets.WebSocketCloseStatus, string?)"/>, as its answer.</summary>
    public bool DefersCloseAnswer { get; set; }

    public void Attach(Connection connection, WebSocketProtocol? protocol = null)
    {
        _connection = connection;
        _protocol = protocol;
    }

    /// <summary>The next message; null at the end.</summary>
    public async ValueTask<ReceivedMessage?> ReceiveAsync(CancellationToken cancellationToken)
        => await AskAsync(isPart: false, cancellationToken).ConfigureAwait(true) ? Current : null;

    /// <summary>The next part; null at the end.</summary>
    public async ValueTask<MessagePart?> ReceivePartAsync(CancellationToken cancellationToken)
        => await AskAsync(isPart: true, cancellationToken).ConfigureAwait(true) ? new MessagePart(Current, isLast: !_isInMessage) : null;

    public IAsyncEnumerable<ReceivedMessage> ReadAllAsync(CancellationToken cancellationToken)
    {
        _enumerationToken = cancellationToken;
        return this;
    }

    public IAsyncEnumerator<ReceivedMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _enumerationToken = cancellationToken;
        }

        return this;
    }

    public ValueTask<bool> MoveNextAsync() => AskAsync(isPart: false, _enumerationToken);

    /// <summary>The function has left its loop, and may begin another: what waits stays.</summary>
    public ValueTask DisposeAsync()
    {
        if (Volatile.Read(ref _isAsking) == 0)
        {
            _current.End();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The function has returned: what waits is thrown away. Any thread.</summary>
    public void Stop() => OnLoop(static reader => ((MessageReader)reader!).StopOnLoop());

    /// <summary>A message arrived. The task completes when there is room for more. Loop only.</summary>
    public ValueTask OnMessage(WebSocketMessage message)
    {
        _heldBytes = 0;
        switch (_state)
        {
            case State.Asked:
                _isInMessage = false;
                Hand(message.TakeBytes());
                return ValueTask.CompletedTask;
            case State.Idle:
                _unread ??= new Queue<MessageBytes>();
                _unread.Enqueue(message.TakeBytes());
                _unreadBytes += message.Data.Length + MessageCostBytes;
                return WhenRoom(0);
            default:
                return ValueTask.CompletedTask;
        }
    }

    /// <summary>Part of a message arrived, and so much of it is held. The task completes when more may come. Loop only.</summary>
    public ValueTask OnPart(int heldBytes, bool isText)
    {
        _heldBytes = heldBytes;
        _isHeldText = isText;
        if (_state == State.Asked && _isPartAsked && heldBytes > 0)
        {
            HandHeld();
        }

        return _state == State.Idle ? WhenRoom(_heldBytes) : ValueTask.CompletedTask;
    }

    /// <summary>No more messages come: the peer has closed, and the connection is still there. Loop only.</summary>
    public void EndMessages()
    {
        bool wasAsked = _state == State.Asked;
        _state = State.Ended;
        if (wasAsked)
        {
            Answer(false);
        }
    }

    /// <summary>The connection has ended. Loop only.</summary>
    public void OnClosed()
    {
        bool wasAsked = _state == State.Asked;
        _state = State.Ended;
        Volatile.Write(ref _isClosed, true);
        if (wasAsked)
        {
            Answer(false);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        try
        {
            return _answer.GetResult(token);
        }
        finally
        {
            Volatile.Write(ref _isAsking, 0);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (_connection!.IsOnLoop)
        {
            // It will be completed on the loop, whose context is the one that was current: going on in place is going back to it.
            flags &= ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext;
            _answer.RunContinuationsAsynchronously = false;
        }
        else
        {
            _answer.RunContinuationsAsynchronously = true;
        }

        _answer.OnCompleted(continuation, state, token, flags);
    }

    void IValueTaskSource.GetResult(short token) => _room.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _room.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _room.OnCompleted(continuation, state, token, flags);

    private ValueTask<bool> AskAsync(bool isPart, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isAsking, 1) != 0)
        {
            throw new InvalidOperationException("The messages of a connection are read one at a time.");
        }

        if (_isInMessage && !isPart)
        {
            Volatile.Write(ref _isAsking, 0);
            throw new InvalidOperationException("A message that is read by parts is read to its last part.");
        }

        _isPartAsked = isPart;
        _answer.Reset();
        _token = cancellationToken;
        var task = new ValueTask<bool>(this, _answer.Version);
        OnLoop(static reader => ((MessageReader)reader!).Ask());
        return task;
    }

    private void Ask()
    {
        _current.End();
        if (_token.IsCancellationRequested)
        {
            _answer.SetException(new OperationCanceledException(_token));
        }
        else if (_unread is { Count: > 0 })
        {
            MessageBytes bytes = _unread.Dequeue();
            _unreadBytes -= bytes.LengthBytes + MessageCostBytes;
            _isInMessage = false;
            Hand(bytes);
            GiveRoom();
        }
        else if (_state == State.Ended)
        {
            _answer.SetResult(false);
        }
        else if (_isPartAsked && _heldBytes > 0)
        {
            HandHeld();
            GiveRoom();
        }
        else
        {
            _state = State.Asked;
            if (_token.CanBeCanceled)
            {
                _registration = _token.UnsafeRegister(static reader => ((MessageReader)reader!).Cancel(), this);
            }

            GiveRoom();
        }
    }

    private void HandHeld()
    {
        _heldBytes = 0;
        _isInMessage = true;
        Hand(_protocol!.DetachMessage(_isHeldText));
    }

    private void Hand(MessageBytes bytes)
    {
        if (_state == State.Asked)
        {
            _state = State.Idle;
        }

        _current.Lend(bytes);
        Answer(true);
    }

    private void Answer(bool result)
    {
        // Does not wait: what the callback does is to post.
        _registration.Unregister();
        _answer.SetResult(result);
    }

    private void StopOnLoop()
    {
        _state = State.Ended;
        _current.End();
        while (_unread is { Count: > 0 })
        {
            _unread.Dequeue().Return();
        }

        GiveRoom();
    }

    private ValueTask WhenRoom(int heldBytes)
    {
        if (_unreadBytes + heldBytes <= maxUnreadBytes)
        {
            return ValueTask.CompletedTask;
        }

        _room.Reset();
        _isRoomOwed = true;
        return new ValueTask(this, _room.Version);
    }

    /// <summary>Lets the connection read on. It does so from its own turn, never from within this call.</summary>
    private void GiveRoom()
    {
        if (_isRoomOwed && (_state != State.Idle || _unreadBytes <= maxUnreadBytes))
        {
            _isRoomOwed = false;
            _room.SetResult(true);
        }
    }

    private void Cancel() => OnLoop(static reader => ((MessageReader)reader!).CancelOnLoop());

    private void CancelOnLoop()
    {
        // A callback that comes late, when another ask with another token waits, finds that one's token as it is.
        if (_state == State.Asked && _token.IsCancellationRequested)
        {
            _state = State.Idle;
            _answer.SetException(new OperationCanceledException(_token));
        }
    }

    /// <summary>Runs work on the loop; here, where the connection has ended, and its loop perhaps too: nobody else touches this any more.</summary>
    private void OnLoop(Action<object?> work)
    {
        if (_connection!.IsOnLoop || Volatile.Read(ref _isClosed))
        {
            work(this);
        }
        else
        {
            _connection.Post(work, this);
        }
    }
}
