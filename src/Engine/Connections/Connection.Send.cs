using System.Buffers;
namespace Engine;

/// <summary>Sending: one call is one message, and goes out whole or not at all.</summary>
public sealed partial class Connection : IBufferWriter<byte>
{
    /// <summary>Room above <see cref="ConnectionOptions.MaxOutboundBytes"/> that only control messages may use.</summary>
    private const int ControlReserveBytes = 1024;

    /// <summary>Bytes that a streamed message may hand to the kernel in one turn, so that a fast reader does not keep the loop to itself.</summary>
    private const int MaxStreamedBytesPerTurn = 1 << 20;

    /// <summary>Whether <see cref="ConnectionProtocol.OnDrained"/> is owed: not, after a Queued, after a Dropped.</summary>
    private const int DrainNotOwed = 0;
    private const int DrainOwed = 1;
    private const int DrainOwedToRefused = 2;

    private ForeignSend? _foreignStack;
    private SendWaiter? _firstWaiter;
    private SendWaiter? _lastWaiter;
    private HeldBack _heldBack;
    private int _bufferedBytes;
    private int _waiterCount;
    private int _drainOwed;
    private int _drainAtBytes;
    private int _foreignSignalled;
    private int _foreignMakingRoomBytes;
    private int _countedBacklog;
    private int _slowWrites;
    private long _progressAt;
    private long _backlogSince;
    private bool _flushPending;
    private bool _streaming;
    private bool _waitersCancelled;

    /// <summary>Bytes that the engine holds and the kernel has not taken. Any thread.</summary>
    public int BufferedBytes => Volatile.Read(ref _bufferedBytes);

    /// <summary>
    /// Whether the queue is below its high-water mark and nobody waits, so that a send would return <see cref="SendStatus.Sent"/>. After a
    /// <see cref="SendStatus.Dropped"/> it is false until that message would fit. Any thread.
    /// </summary>
    public bool IsWritable
        => BufferedBytes <= _host.Options.HighWaterBytes && Volatile.Read(ref _waiterCount) == 0 && Volatile.Read(ref _drainOwed) != DrainOwedToRefused;

    /// <summary>
    /// Writes straight into the tail of the queue. Loop only. What is advanced is counted and leaves with the turn's one send, but never refused, so it
    /// is for bounded things: a response head and a small body. While a message is being streamed it goes behind that message.
    /// </summary>
    public IBufferWriter<byte> Output => this;

    /// <summary>
    /// Sends <paramref name="message"/> if there is room for all of it. Any thread; never throws for what a peer or concurrency does, never waits.
    /// The bytes are copied, or taken by the kernel, before it returns. A message larger than <see cref="ConnectionOptions.MaxOutboundBytes"/> is accepted when
    /// nothing else waits; <see cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/> sends it without a copy.
    /// </summary>
    public SendStatus TrySend(ReadOnlySpan<byte> message) => TrySend([], message);

    /// <summary>The same for a message in parts: a frame's header, its payload, and what closes it.</summary>
    public SendStatus TrySend(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> suffix = default)
        => IsOnLoop ? TrySendOnLoop(prefix, payload, shared: null, suffix) : TrySendForeign(prefix, payload, shared: null, suffix);

    /// <summary>The same with a payload that is shared by reference: the connection takes a reference of its own while the bytes wait.</summary>
    public SendStatus TrySend(ReadOnlySpan<byte> prefix, SharedSegment payload, ReadOnlySpan<byte> suffix = default)
    {
        ArgumentNullException.ThrowIfNull(payload);
        return IsOnLoop ? TrySendOnLoop(prefix, [], payload, suffix) : TrySendForeign(prefix, [], payload, suffix);
    }

    /// <summary>
    /// Sends a control message (a pong, a close, a last error response) of at most 256 bytes. It may use a small reserve above the limit, so that pressure
    /// does not silence it, and waits for the end of a message that is being streamed. Any thread.
    /// </summary>
    /// <exception cref="ArgumentException">The message is longer than 256 bytes.</exception>
    public SendStatus TrySendControl(ReadOnlySpan<byte> message)
    {
        if (message.Length > 256)
        {
            throw new ArgumentException("A control message has at most 256 bytes.", nameof(message));
        }

        if (!IsOpen)
        {
            return SendStatus.Closed;
        }

        if (Interlocked.Add(ref _bufferedBytes, message.Length) > _host.Options.MaxOutboundBytes + ControlReserveBytes)
        {
            Interlocked.Add(ref _bufferedBytes, -message.Length);
            return SendStatus.Dropped;
        }

        if (!IsOnLoop)
        {
            if (IsTooLate(ref _bufferedBytes, message.Length))
            {
                return SendStatus.Closed;
            }

            ForeignSend send = _host.ForeignSends.Get();
            send.Set(ForeignSendKind.Control, message, [], shared: null, []);
            PushForeign(send);
            return SendStatus.Sent;
        }

        AdoptForeignSends();
        AppendControl(message);
        return SendStatus.Sent;
    }

    /// <summary>
    /// Sends <paramref name="message"/>, waiting for room if need be, and completes when all of it is accepted: with <see cref="SendStatus.Sent"/>,
    /// <see cref="SendStatus.Queued"/> or <see cref="SendStatus.Closed"/>. Any thread. A message larger than the queue is streamed from the caller's memory,
    /// which must not change until then, with no other message in between.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began: not one byte of it will be sent. The connection goes on.</exception>
    public ValueTask<SendStatus> SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default)
        => SendAsync(ReadOnlyMemory<byte>.Empty, message, cancellationToken);

    /// <summary>The same for a message in two parts, a frame's header and its payload.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began: not one byte of it will be sent.</exception>
    public ValueTask<SendStatus> SendAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SendStatus>(cancellationToken);
        }

        bool waits = _host.Options.Backpressure is BackpressurePolicy.Wait || prefix.Length + payload.Length > _host.Options.MaxOutboundBytes;
        if (!waits || CanSendNow(prefix.Length + payload.Length))
        {
            SendStatus status = TrySend(prefix.Span, payload.Span);
            if (status != SendStatus.Dropped || !waits)
            {
                return new ValueTask<SendStatus>(status);
            }
        }

        return IsOpen ? Wait(prefix, payload, isForDrain: false, cancellationToken) : new ValueTask<SendStatus>(SendStatus.Closed);
    }

    /// <summary>
    /// The same for a payload that is shared by reference, between two parts that are copied: the connection takes a reference of its own while the bytes wait,
    /// also when it has to wait for room, so the caller may let go of its own at once.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began: not one byte of it will be sent.</exception>
    public ValueTask<SendStatus> SendAsync(ReadOnlySpan<byte> prefix, SharedSegment payload, ReadOnlySpan<byte> suffix = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(payload);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SendStatus>(cancellationToken);
        }

        int length = prefix.Length + payload.Memory.Length + suffix.Length;
        bool waits = _host.Options.Backpressure is BackpressurePolicy.Wait || length > _host.Options.MaxOutboundBytes;
        if (!waits || CanSendNow(length))
        {
            SendStatus status = TrySend(prefix, payload, suffix);
            if (status != SendStatus.Dropped || !waits)
            {
                return new ValueTask<SendStatus>(status);
            }
        }

        if (!IsOpen)
        {
            return new ValueTask<SendStatus>(SendStatus.Closed);
        }

        SendWaiter waiter = _host.Waiters.Get();
        waiter.Set(_host.Waiters, prefix, payload, suffix);
        return Wait(waiter, cancellationToken);
    }

    /// <summary>
    /// Completes at once below the high-water mark, else when the queue has fallen below the low-water mark: <see cref="SendStatus.Sent"/>, or
    /// <see cref="SendStatus.Closed"/> when the connection ends first. Any thread.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public ValueTask<SendStatus> WhenWritableAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SendStatus>(cancellationToken);
        }

        if (!IsOpen)
        {
            return new ValueTask<SendStatus>(SendStatus.Closed);
        }

        return IsWritable ? new ValueTask<SendStatus>(SendStatus.Sent) : Wait(default, default, isForDrain: true, cancellationToken);
    }

    void IBufferWriter<byte>.Advance(int count)
    {
        CheckLoop();
        if (!IsOpen)
        {
            return;
        }

        if (_streaming)
        {
            Interlocked.Add(ref _bufferedBytes, count);
            _heldBack.Advance(count);
            return;
        }

        _queue.Advance(count);
        _queue.MarkKept(count);
        Interlocked.Add(ref _bufferedBytes, count);
        Written();
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        CheckLoop();
        return !IsOpen ? new byte[Math.Max(sizeHint, 256)] : _streaming ? _heldBack.GetMemory(sizeHint) : _queue.GetMemory(sizeHint);
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint)
    {
        CheckLoop();
        return !IsOpen ? new byte[Math.Max(sizeHint, 256)] : _streaming ? _heldBack.GetMemory(sizeHint).Span : _queue.GetSpan(sizeHint);
    }

    private SendStatus TrySendOnLoop(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, SharedSegment? shared, ReadOnlySpan<byte> suffix)
    {
        if (shared is not null)
        {
            payload = shared.Memory.Span;
        }

        int length = prefix.Length + payload.Length + suffix.Length;
        SendStatus status = Reserve(length);
        if (status != SendStatus.Sent)
        {
            return status;
        }

        try
        {
            _queue.Append(prefix, payload, shared, suffix);
        }
        catch
        {
            // A shared payload was released meanwhile: nothing was appended, so nothing may stay counted.
            Interlocked.Add(ref _bufferedBytes, -length);
            throw;
        }

        _queue.MarkDroppable(length);
        return Appended(length);
    }

    /// <summary>Counts a message against the limit, or says why not. Loop only. <see cref="SendStatus.Sent"/> means: append it now.</summary>
    private SendStatus Reserve(int length)
    {
        if (!IsOpen)
        {
            return SendStatus.Closed;
        }

        AdoptForeignSends();
        if (TryReserve(length))
        {
            return SendStatus.Sent;
        }

        // The kernel may have room for what this turn has written so far; only what it leaves is pressure.
        if (!_queue.IsEmpty && !_flushPending)
        {
            Flush();
            if (TryReserve(length))
            {
                return SendStatus.Sent;
            }
        }

        switch (_host.Options.Backpressure)
        {
            case BackpressurePolicy.DropOldest when MakeRoom(length):
                return SendStatus.Sent;
            case BackpressurePolicy.Disconnect when Volatile.Read(ref _waiterCount) == 0:
                _loop.Counters.CountDropped();
                Abort(CloseReason.SlowConsumer);
                return SendStatus.Closed;
            default:
                return Refuse(length);
        }
    }

    private SendStatus Refuse(int length)
    {
        _loop.Counters.CountDropped();
        OweDrainFor(length);
        AskForTurnEnd();
        return SendStatus.Dropped;
    }

    private bool TryReserve(int length)
    {
        if (Volatile.Read(ref _waiterCount) != 0)
        {
            return false;
        }

        // What is too large for the queue goes when it waits alone, or it could never go.
        int after = Interlocked.Add(ref _bufferedBytes, length);
        if ((after <= _host.Options.MaxOutboundBytes || after == length) && (_countedBacklog == 0 || !_host.IsOverTotal))
        {
            return true;
        }

        Interlocked.Add(ref _bufferedBytes, -length);
        return false;
    }

    private bool MakeRoom(int length)
    {
        if (Volatile.Read(ref _waiterCount) != 0)
        {
            return false;
        }

        int limit = Math.Max(_host.Options.MaxOutboundBytes, length);
        while (BufferedBytes > limit - length)
        {
            int dropped = _queue.DropOldest(_transport.InFlightBytes);
            if (dropped == 0)
            {
                return false;
            }

            Interlocked.Add(ref _bufferedBytes, -dropped);
            _loop.Counters.CountDropped();
        }

        return TryReserve(length);
    }

    /// <summary>After an append: the answer, told apart by what the kernel really leaves.</summary>
    private SendStatus Appended(int length)
    {
        MessageWritten(length);
        if (BufferedBytes <= _host.Options.HighWaterBytes)
        {
            return SendStatus.Sent;
        }

        Flush();
        if (BufferedBytes <= _host.Options.HighWaterBytes)
        {
            return SendStatus.Sent;
        }

        OweDrain();
        return SendStatus.Queued;
    }

    /// <summary>Something stands in the queue that leaves with the turn, and what was held before it.</summary>
    private void Written()
    {
        _isHeld = false;
        if (!_inPump)
        {
            AskForTurnEnd();
        }
    }

    private void AppendControl(ReadOnlySpan<byte> message)
    {
        if (!_streaming)
        {
            _queue.Append(message);
            _queue.MarkKept(message.Length);
            Written();
            return;
        }

        // Bounded by the reserve that it was counted against.
        message.CopyTo(_heldBack.GetMemory(message.Length).Span);
        _heldBack.Advance(message.Length);
    }
}
