using System.Buffers;

namespace Engine.Http1;

/// <summary>
/// A response body that goes on: each send is one chunk, whole or not at all, through the connection's bounded queue, whose pressure the caller sees.
/// Any thread, also several at once; valid until the handler that started it completes, and answering <see cref="SendStatus.Closed"/> ever after.
/// </summary>
public sealed class ResponseStream
{
    /// <summary>What stands before shared bytes is copied by way of the stack.</summary>
    private const int MaxHeadBytes = 4096;

    private readonly Connection _connection;
    private readonly IResponseOwner _owner;
    private readonly HandlerScheduling _scheduling;
    private readonly bool _isChunked;
    private readonly Lock _gate = new();
    private CancellationTokenSource? _closed;
    private Func<TimeSpan?>? _onTimer;
    private volatile bool _isOpen;

    internal ResponseStream(Connection connection, IResponseOwner owner, bool isChunked, bool isOpen, HandlerScheduling scheduling)
    {
        _connection = connection;
        _owner = owner;
        _scheduling = scheduling;
        _isChunked = isChunked;
        _isOpen = isOpen;
    }

    /// <summary>After a send answered <see cref="SendStatus.Queued"/> or <see cref="SendStatus.Dropped"/>: there is room again. Raised on the connection's loop.</summary>
    public event Action? Drained;

    /// <summary>The server stops, and <see cref="Closed"/> is cancelled next: the place for last words. Must not throw. Raised on the connection's loop.</summary>
    public event Action? Stopping;

    /// <summary>Whether sends are accepted. False for the answer to a HEAD.</summary>
    public bool IsOpen => _isOpen && _connection.IsOpen;

    /// <summary>Whether a send would answer <see cref="SendStatus.Sent"/>.</summary>
    public bool IsWritable => _connection.IsWritable;

    /// <summary>Bytes that the engine holds for the connection and the kernel has not taken.</summary>
    public int BufferedBytes => _connection.BufferedBytes;

    /// <summary>Cancelled as soon as the peer is gone, the server stops, or the stream ends.</summary>
    public CancellationToken Closed
    {
        get
        {
            lock (_gate)
            {
                CancellationTokenSource? closed = _closed;
                if (closed is null)
                {
                    closed = new CancellationTokenSource();
                    Volatile.Write(ref _closed, closed);
                    if (!_isOpen)
                    {
                        closed.Cancel();
                    }
                }

                return closed.Token;
            }
        }
    }

    /// <summary>
    /// How long pieces may wait for others, to leave with them in one send (<see cref="Connection.CoalescingInterval"/>); zero, the default, sends with the turn.
    /// It ends with the stream. Loop only.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The interval is negative or longer than a second.</exception>
    public TimeSpan CoalescingInterval
    {
        get => _connection.CoalescingInterval;
        set
        {
            if (_isOpen)
            {
                _connection.CoalescingInterval = value;
            }
        }
    }

    /// <summary>Sends one piece if there is room for all of it. Never waits. <see cref="SendStatus.Queued"/> means accepted: do not send it again.</summary>
    public SendStatus TrySend(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return IsOpen ? SendStatus.Sent : SendStatus.Closed;
        }

        Span<byte> line = stackalloc byte[ChunkedEncoder.MaxSizeLineBytes];
        ReadOnlySpan<byte> prefix = Prefix(line, bytes.Length);
        if (_connection.IsOnLoop)
        {
            return _isOpen ? _connection.TrySend(prefix, bytes, Suffix) : SendStatus.Closed;
        }

        // The stream is closed under the same lock, before its last chunk is sent: what got in is adopted before that chunk, and nothing comes behind it.
        lock (_gate)
        {
            return _isOpen ? _connection.TrySend(prefix, bytes, Suffix) : SendStatus.Closed;
        }
    }

    /// <summary>The same with bytes that are shared by reference, for sending one event to many.</summary>
    public SendStatus TrySend(SharedSegment bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Span<byte> line = stackalloc byte[ChunkedEncoder.MaxSizeLineBytes];
        ReadOnlySpan<byte> prefix = Prefix(line, bytes.Memory.Length);
        if (_connection.IsOnLoop)
        {
            return _isOpen ? _connection.TrySend(prefix, bytes, Suffix) : SendStatus.Closed;
        }

        lock (_gate)
        {
            return _isOpen ? _connection.TrySend(prefix, bytes, Suffix) : SendStatus.Closed;
        }
    }

    /// <summary>
    /// Sends one piece that the caller can send again later, outside the server's policy for full queues (<see cref="Connection.TrySendRepeatable"/>): a head of its
    /// own, at most 4,096 bytes, and bytes that are shared by reference. Loop only.
    /// </summary>
    /// <param name="head">Bytes before the shared ones; copied.</param>
    /// <param name="bytes">Bytes that are shared by reference.</param>
    /// <param name="isLast">Whether the caller sends nothing more in this turn, so that the kernel may have it now.</param>
    public SendStatus TrySendRepeatable(ReadOnlySpan<byte> head, SharedSegment bytes, bool isLast = false)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (!_isOpen)
        {
            return SendStatus.Closed;
        }

        Span<byte> prefix = stackalloc byte[ChunkedEncoder.MaxSizeLineBytes + MaxHeadBytes];
        return _connection.TrySendRepeatable(Prefix(prefix, head, bytes), bytes, Suffix, isLast);
    }

    /// <summary>
    /// Sends one piece as <see cref="TrySendRepeatable"/> does, waiting for room if need be: a head of its own, at most 4,096 bytes, and bytes that are shared by
    /// reference. The caller may let go of its reference at once.
    /// </summary>
    public ValueTask<SendStatus> SendAsync(ReadOnlySpan<byte> head, SharedSegment bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Span<byte> prefix = stackalloc byte[ChunkedEncoder.MaxSizeLineBytes + MaxHeadBytes];
        ReadOnlySpan<byte> written = Prefix(prefix, head, bytes);
        lock (_gate)
        {
            return _isOpen ? _connection.SendAsync(written, bytes, Suffix) : new ValueTask<SendStatus>(SendStatus.Closed);
        }
    }

    /// <summary>
    /// Sends one piece, waiting for room if need be; completes when it is accepted, with <see cref="SendStatus.Closed"/> when the stream ends first.
    /// The memory must not change until then.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the piece began: not one byte of it will be sent.</exception>
    public ValueTask<SendStatus> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        if (bytes.IsEmpty)
        {
            return new ValueTask<SendStatus>(IsOpen ? SendStatus.Sent : SendStatus.Closed);
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(ChunkedEncoder.MaxSizeLineBytes + bytes.Length + 2);
        int length = Prefix(rented, bytes.Length).Length;
        bytes.Span.CopyTo(rented.AsSpan(length));
        length += bytes.Length;
        Suffix.CopyTo(rented.AsSpan(length));
        length += Suffix.Length;
        ValueTask<SendStatus> sending;
        lock (_gate)
        {
            sending = _isOpen ? _connection.SendAsync(rented.AsMemory(0, length), cancellationToken) : new ValueTask<SendStatus>(SendStatus.Closed);
        }

        if (sending.IsCompletedSuccessfully)
        {
            ArrayPool<byte>.Shared.Return(rented);
            return sending;
        }

        return FinishAsync(sending, rented);
    }

    /// <summary>The same with bytes that are shared by reference: they are not copied, and the caller may let go of its reference at once.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the piece began: not one byte of it will be sent.</exception>
    public ValueTask<SendStatus> SendAsync(SharedSegment bytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Span<byte> line = stackalloc byte[ChunkedEncoder.MaxSizeLineBytes];
        ReadOnlySpan<byte> prefix = Prefix(line, bytes.Memory.Length);
        lock (_gate)
        {
            return _isOpen ? _connection.SendAsync(prefix, bytes, Suffix, cancellationToken) : new ValueTask<SendStatus>(SendStatus.Closed);
        }
    }

    /// <summary>Completes when there is room again; at once when there is. <see cref="SendStatus.Closed"/> when the stream ends first.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public ValueTask<SendStatus> WhenWritableAsync(CancellationToken cancellationToken = default)
        => _isOpen ? _connection.WhenWritableAsync(cancellationToken) : new ValueTask<SendStatus>(SendStatus.Closed);

    /// <summary>
    /// Calls <paramref name="onTimer"/> on the connection's loop after <paramref name="dueIn"/>, and again after the time that it returns, until that is null or
    /// the stream ends. One timer a stream; it costs no object. Loop only.
    /// </summary>
    public void SetTimer(TimeSpan dueIn, Func<TimeSpan?> onTimer)
    {
        ArgumentNullException.ThrowIfNull(onTimer);
        _onTimer = onTimer;
        if (_isOpen)
        {
            DueAt = _connection.NowMilliseconds + Math.Max((long)dueIn.TotalMilliseconds, 1);
            _owner.OnStreamTimerSet();
        }
    }

    /// <summary>When the timer is due by the loop's clock; 0 when it is not set. Loop only.</summary>
    internal long DueAt { get; private set; }

    /// <summary>Asks whoever feeds the stream to end it: <see cref="Closed"/> is cancelled. Any thread; idempotent.</summary>
    public void RequestEnd()
    {
        // Made now if need be, so that it is found cancelled by whoever asks later.
        _ = Closed;
        Cancel(_closed!);
    }

    internal void RaiseTimer()
    {
        DueAt = 0;
        if (_isOpen && _onTimer?.Invoke() is { } next)
        {
            SetTimer(next, _onTimer);
        }
    }

    internal void RaiseDrained() => Drained?.Invoke();

    internal void RaiseStopping()
    {
        if (_isOpen)
        {
            Stopping?.Invoke();
        }
    }

    /// <summary>Nothing more is accepted, and whoever waits for the end is told. Loop only.</summary>
    internal void End()
    {
        CancellationTokenSource? closed;
        lock (_gate)
        {
            _isOpen = false;
            closed = _closed;
        }

        DueAt = 0;

        // What waits leaves with the end, and the next response on the connection waits for nothing.
        _connection.CoalescingInterval = TimeSpan.Zero;
        if (closed is not null)
        {
            Cancel(closed);
        }
    }

    /// <summary>The handler is done: the last chunk goes out behind everything that was accepted. Loop only.</summary>
    /// <param name="trailers">Fields that follow the last chunk, or null.</param>
    /// <param name="waiting">When it has to wait for room: completes when the end is with the connection.</param>
    internal bool TryComplete(ResponseHeaders? trailers, out ValueTask waiting)
    {
        waiting = default;
        bool wasOpen = _isOpen;
        End();
        if (!wasOpen || !_isChunked)
        {
            return true;
        }

        var output = new ArrayBufferWriter<byte>(trailers is null ? 16 : 256);
        ChunkedEncoder.WriteEnd(output, trailers);
        ValueTask<SendStatus> sending = _connection.SendAsync(output.WrittenMemory);
        if (sending.IsCompletedSuccessfully)
        {
            // A policy that drops instead of waiting may refuse even this; without its end the response is broken.
            if (sending.GetAwaiter().GetResult() == SendStatus.Dropped)
            {
                _connection.Abort(CloseReason.SlowConsumer);
            }

            return true;
        }

        waiting = Waiting.For(sending);
        return false;
    }

    /// <summary>Handlers of the thread pool go on there, where they may block; those of the loop at once.</summary>
    private void Cancel(CancellationTokenSource closed)
    {
        if (_scheduling == HandlerScheduling.ThreadPool)
        {
            _ = closed.CancelAsync();
        }
        else
        {
            closed.Cancel();
        }
    }

    private static async ValueTask<SendStatus> FinishAsync(ValueTask<SendStatus> sending, byte[] rented)
    {
        try
        {
            return await sending;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private ReadOnlySpan<byte> Prefix(Span<byte> destination, ReadOnlySpan<byte> head, SharedSegment bytes)
    {
        int length = Prefix(destination, head.Length + bytes.Memory.Length).Length;
        head.CopyTo(destination[length..]);
        return destination[..(length + head.Length)];
    }

    private ReadOnlySpan<byte> Suffix => _isChunked ? ChunkedEncoder.LineEnd : default;

    private ReadOnlySpan<byte> Prefix(Span<byte> destination, int lengthBytes)
        => _isChunked ? destination[..ChunkedEncoder.WriteSizeLine(destination, lengthBytes)] : default;
}
