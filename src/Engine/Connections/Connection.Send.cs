namespace Engine;

/// <summary>Sending: one call is one message, and goes out whole or not at all.</summary>
public sealed partial class Connection
{
    /// <summary>Room above <see cref="ConnectionOptions.MaxOutboundBytes"/> that only control messages may use.</summary>
    private const int ControlReserveBytes = 1024;

    /// <summary>Bytes that a streamed message may hand to the kernel in one turn, so that a fast reader does not keep the loop to itself.</summary>
    private const int MaxStreamedBytesPerTurn = 1 << 20;

    private OutboundBudget _budget;
    private FlushState _flush;
    private ForeignSends _foreign;
    private SendWaiters _waiters;
    private BacklogMeter _backlog;
    private PeerProgress _progress;

    /// <summary>Bytes that were accepted and the kernel has not taken. Any thread.</summary>
    public int BufferedBytes => _budget.AcceptedBytes;

    /// <summary>
    /// Whether the queue is below its high-water mark and nobody waits, so that a send would return <see cref="SendStatus.Sent"/>. After a
    /// <see cref="SendStatus.Dropped"/> it is false until that message would fit. Any thread.
    /// </summary>
    public bool IsWritable => !IsAboveHighWater && !_budget.HasWaiters && !_budget.IsDrainOwedToRefused;

    private bool IsAboveHighWater => BufferedBytes > _options.HighWaterBytes;

    /// <summary>Whether the server as a whole may hold more for this connection: one that lags has to wait until it may.</summary>
    private bool MayGrow => _backlog.Bytes == 0 || !_host.IsOverTotal;

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
    /// Sends a message that the caller can send again later, as topics do from their log, if there is room for all of it. <see cref="ConnectionOptions.Backpressure"/>
    /// does not apply: without room the message is refused, and neither is another dropped for it nor the connection closed; once accepted, it is not dropped for a
    /// later one. <see cref="ConnectionProtocol.OnDrained"/> follows as after <see cref="TrySend(ReadOnlySpan{byte})"/>. Loop only.
    /// </summary>
    /// <param name="prefix">Bytes before the payload; copied.</param>
    /// <param name="payload">Bytes that are shared by reference.</param>
    /// <param name="suffix">Bytes after the payload; copied.</param>
    /// <param name="isLast">
    /// Whether the caller sends nothing more in this turn: the queue is handed to the kernel now, while the connection is in the processor's cache, and the turn's
    /// end has nothing to do. A <see cref="CoalescingInterval"/> holds it all the same.
    /// </param>
    public SendStatus TrySendRepeatable(ReadOnlySpan<byte> prefix, SharedSegment payload, ReadOnlySpan<byte> suffix = default, bool isLast = false)
    {
        ArgumentNullException.ThrowIfNull(payload);
        CheckLoop();
        return TrySendOnLoop(prefix, [], payload, suffix, isRepeatable: true, isLast);
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

        if (!_budget.TryAcceptControl(message.Length, _options.MaxOutboundBytes + ControlReserveBytes))
        {
            return SendStatus.Dropped;
        }

        if (!IsOnLoop)
        {
            if (!IsOpen)
            {
                Withdraw(ForeignSendKind.Control, message.Length);
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

        bool waits = _options.Backpressure is BackpressurePolicy.Wait || prefix.Length + payload.Length > _options.MaxOutboundBytes;
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
        bool waits = _options.Backpressure is BackpressurePolicy.Wait || length > _options.MaxOutboundBytes;
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

    private SendStatus TrySendOnLoop(
        ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, SharedSegment? shared, ReadOnlySpan<byte> suffix, bool isRepeatable = false, bool isLast = false)
    {
        if (shared is not null)
        {
            payload = shared.Memory.Span;
        }

        int length = prefix.Length + payload.Length + suffix.Length;
        SendStatus status = Reserve(length, isRepeatable);
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
            _budget.Release(length);
            throw;
        }

        if (isRepeatable)
        {
            _queue.MarkKept(length);
        }
        else
        {
            _queue.MarkDroppable(length);
        }

        return isLast && _hold.Line is null ? AppendedLast() : Appended();
    }

    /// <summary>Counts a message against the limit, or says why not. Loop only. <see cref="SendStatus.Sent"/> means: append it now.</summary>
    private SendStatus Reserve(int length, bool isRepeatable)
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
        if (_flush is FlushState.Held or FlushState.Due)
        {
            Flush();
            if (TryReserve(length))
            {
                return SendStatus.Sent;
            }
        }

        switch (isRepeatable ? BackpressurePolicy.Wait : _options.Backpressure)
        {
            case BackpressurePolicy.DropOldest when MakeRoom(length):
                return SendStatus.Sent;
            case BackpressurePolicy.Disconnect when !_budget.HasWaiters:
                _loop.Counters.CountDropped();
                EndSlowConsumer();
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

    private bool TryReserve(int length) => MayGrow && _budget.TryAccept(length, _options.MaxOutboundBytes);

    private bool MakeRoom(int length)
    {
        if (_budget.HasWaiters)
        {
            return false;
        }

        int limit = Math.Max(_options.MaxOutboundBytes, length);
        while (BufferedBytes > limit - length)
        {
            int dropped = _queue.DropOldest(_transport.InFlightBytes);
            if (dropped == 0)
            {
                return false;
            }

            _budget.Release(dropped);
            _loop.Counters.CountDropped();
        }

        return TryReserve(length);
    }

    /// <summary>After an append: the status, by what the kernel really leaves.</summary>
    private SendStatus Appended()
    {
        MessageWritten();
        return Accepted();
    }

    /// <summary>After the last append of a turn: as <see cref="Appended"/>, but the kernel is asked now, and the turn's end only sees what it leaves.</summary>
    private SendStatus AppendedLast()
    {
        _flush.Write();
        EndEvent();
        return Accepted();
    }

    /// <summary>The status of what was appended: a queue above its high-water mark is offered to the kernel first.</summary>
    private SendStatus Accepted()
    {
        if (!IsAboveHighWater)
        {
            return SendStatus.Sent;
        }

        Flush();
        if (!IsAboveHighWater)
        {
            return SendStatus.Sent;
        }

        _budget.OweDrain();
        return SendStatus.Queued;
    }

    /// <summary>Something stands in the queue that leaves with the turn, and what was held leaves with it.</summary>
    private void Written()
    {
        _flush.Write();
        AskForTurnEndUnlessPumping();
    }

    private void AppendControl(ReadOnlySpan<byte> message)
    {
        if (!_waiters.IsStreaming)
        {
            _queue.Append(message);
            _queue.MarkKept(message.Length);
            Written();
            return;
        }

        // Bounded by the reserve that it was counted against.
        ref HeldBack heldBack = ref _waiters.First!.HeldBack;
        message.CopyTo(heldBack.GetMemory(message.Length).Span);
        heldBack.Advance(message.Length);
    }

    /// <summary>A message was refused: the drain is announced when it would fit. Any thread.</summary>
    private void OweDrainFor(int lengthBytes)
        => _budget.OweDrainAt(Math.Clamp(_options.MaxOutboundBytes - lengthBytes, 0, _options.LowWaterBytes));
}
