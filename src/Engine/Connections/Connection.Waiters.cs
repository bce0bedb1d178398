namespace Engine;

/// <summary>Callers of SendAsync that wait for room, first come, first served.</summary>
public sealed partial class Connection : ISendWaiterOwner
{
    /// <summary>Whether an attempt to send at once can succeed: a message larger than the queue cannot, and would be counted as dropped.</summary>
    private bool CanSendNow(int length) => length <= _options.MaxOutboundBytes - BufferedBytes && !_budget.HasWaiters;

    /// <summary>
    /// Sends a piece of a stream of bytes, in which nothing may be missing: it waits for room whatever the policy for messages says, and is never dropped later.
    /// Any thread; the memory must not change until then.
    /// </summary>
    internal ValueTask<SendStatus> SendStreamedAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_options.Backpressure == BackpressurePolicy.Wait)
        {
            return SendAsync(bytes);
        }

        return IsOpen ? Wait(default, bytes, isForDrain: false, CancellationToken.None) : new ValueTask<SendStatus>(SendStatus.Closed);
    }

    private ValueTask<SendStatus> Wait(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> payload, bool isForDrain, CancellationToken cancellationToken)
    {
        SendWaiter waiter = _host.Waiters.Get();
        waiter.Set(_host.Waiters, prefix, payload, isForDrain);
        return Wait(waiter, cancellationToken);
    }

    private ValueTask<SendStatus> Wait(SendWaiter waiter, CancellationToken cancellationToken)
    {
        var answer = new ValueTask<SendStatus>(waiter, waiter.Version);
        if (!waiter.IsForDrain)
        {
            // Who only waits to hear of the drain has no bytes that others would have to stay behind.
            _budget.AddWaiter();
        }

        waiter.ObserveCancellation(this, cancellationToken);
        if (IsOnLoop)
        {
            AdoptForeignSends();
        }

        // While a message is streamed, what other threads handed over stays where it is, and this goes behind it.
        if (IsOnLoop && _foreign.IsEmpty)
        {
            AddWaiter(waiter);
            AskForTurnEndUnlessPumping();
        }
        else
        {
            ForeignSend send = _host.ForeignSends.Get();
            send.Set(waiter);
            PushForeign(send);
        }

        return answer;
    }

    private void AddWaiter(SendWaiter waiter)
    {
        if (_flush == FlushState.Held)
        {
            // Room for it is made at once.
            _flush.Write();
        }

        _waiters.Add(waiter);
    }

    private SendWaiter RemoveFirstWaiter()
    {
        SendWaiter waiter = _waiters.RemoveFirst();
        if (!waiter.IsForDrain && !waiter.IsCancelled)
        {
            _budget.RemoveWaiter();
        }

        waiter.ReleasePayload();
        return waiter;
    }

    void ISendWaiterOwner.OnWaiterCancelled(SendWaiter waiter)
    {
        if (!waiter.IsForDrain)
        {
            _budget.RemoveWaiter();
        }

        _waiters.MarkCancelled();
        SignalLoop();
    }

    /// <summary>
    /// At the turn's end: gives the room there is to those who wait. Each round either appends bytes, takes a waiter off the list or returns, so it always ends.
    /// </summary>
    private void ServeWaiters()
    {
        _waiters.RemoveCancelled();
        int streamed = 0;
        while (_waiters.First is { } waiter)
        {
            if (waiter.IsForDrain)
            {
                if (!IsDrained && State == ConnectionState.Open)
                {
                    return;
                }

                // Whoever waited may send: what was refused before fits now.
                _budget.Readmit();
                Answer(State == ConnectionState.Open ? SendStatus.Sent : SendStatus.Closed);
                continue;
            }

            if (!waiter.HasBegun)
            {
                if (State != ConnectionState.Open)
                {
                    Answer(SendStatus.Closed);
                    continue;
                }

                if (!HasRoomToBegin(waiter.RemainingBytes))
                {
                    return;
                }

                if (!waiter.TryBegin())
                {
                    RemoveFirstWaiter();
                    continue;
                }
            }

            try
            {
                streamed += AppendSlice(waiter);
            }
            catch (Exception exception)
            {
                // The caller's memory cannot be read any longer. What has left is part of a message that can never be whole.
                _host.OnFault(this, exception);
                Abort(CloseReason.HandlerFailed);
                return;
            }

            _flush.Write();
            Flush();
            if (waiter.RemainingBytes == 0)
            {
                EndStreaming();
                continue;
            }

            if (_flush == FlushState.Blocked)
            {
                return;
            }

            if (streamed >= MaxStreamedBytesPerTurn)
            {
                AskForTurnEnd();
                return;
            }
        }
    }

    /// <summary>A message that fits waits until it fits whole; a larger one begins when the queue is low, so that its slices are worth a system call.</summary>
    private bool HasRoomToBegin(int length)
        => length <= _options.MaxOutboundBytes
            ? length <= _options.MaxOutboundBytes - BufferedBytes
            : _queue.LengthBytes <= _options.LowWaterBytes;

    /// <summary>
    /// The room is the queue's own: what other threads have counted, or what is held back until the end of this message, takes none of it, or a message could wait
    /// for bytes that wait for its end.
    /// </summary>
    private int AppendSlice(SendWaiter waiter)
    {
        int appended = 0;
        int room = _options.MaxOutboundBytes - _queue.LengthBytes;
        while (room > 0 && waiter.RemainingBytes > 0)
        {
            int count = waiter.AppendTo(_queue, room);
            _queue.MarkKept(count);
            _budget.Accept(count);
            appended += count;
            room -= count;
        }

        return appended;
    }

    /// <summary>The first waiter's message stands in the queue whole. What was held back for its sake goes behind it, then what other threads handed over.</summary>
    private void EndStreaming()
    {
        SendWaiter waiter = RemoveFirstWaiter();
        if (waiter.HeldBack.LengthBytes > 0)
        {
            // Counted when it was accepted.
            _queue.Append(waiter.HeldBack.Bytes);
            _queue.MarkKept(waiter.HeldBack.LengthBytes);
            waiter.HeldBack.Return();
            _flush.Write();
        }

        bool isQueued = IsAboveHighWater;
        if (isQueued)
        {
            _budget.OweDrain();
        }

        waiter.Complete(isQueued ? SendStatus.Queued : SendStatus.Sent);

        // What other threads were promised before this message began goes before the next waiter. Their signals may be long past: it leaves with the next pass.
        AdoptForeignSends();
        AskForTurnEndUnlessPumping();
    }

    /// <summary>Unlinks the first waiter and answers it, unless its token was faster.</summary>
    private void Answer(SendStatus status)
    {
        SendWaiter waiter = RemoveFirstWaiter();
        waiter.HeldBack.Return();
        if (waiter.HasBegun || waiter.TryBegin())
        {
            waiter.Complete(status);
        }
    }

    /// <summary>The connection has ended: nobody waits for it any longer.</summary>
    private void AnswerAllWaiters()
    {
        while (!_waiters.IsEmpty)
        {
            Answer(SendStatus.Closed);
        }
    }
}
