using System.Diagnostics;

namespace Engine;

/// <summary>Callers of SendAsync that wait for room, first come, first served.</summary>
public sealed partial class Connection
{
    /// <summary>Whether an attempt to send at once can succeed: a message larger than the queue cannot, and would be counted as dropped.</summary>
    private bool CanSendNow(int length) => length <= _host.Options.MaxOutboundBytes - BufferedBytes && Volatile.Read(ref _waiterCount) == 0;

    /// <summary>
    /// Sends a piece of a stream of bytes, in which nothing may be missing: it waits for room whatever the policy for messages says, and is never dropped later.
    /// Any thread; the memory must not change until then.
    /// </summary>
    internal ValueTask<SendStatus> SendStreamedAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_host.Options.Backpressure == BackpressurePolicy.Wait)
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
            Interlocked.Increment(ref _waiterCount);
        }

        waiter.ObserveCancellation(this, cancellationToken);
        if (IsOnLoop)
        {
            AdoptForeignSends();
        }

        // While a message is streamed, what other threads handed over stays where it is, and this goes behind it.
        if (IsOnLoop && Volatile.Read(ref _foreignStack) is null)
        {
            AddWaiter(waiter);
            if (!_inPump)
            {
                AskForTurnEnd();
            }
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
        // Room for it is made at once.
        _isHeld = false;
        if (_lastWaiter is null)
        {
            _firstWaiter = waiter;
        }
        else
        {
            _lastWaiter.Next = waiter;
        }

        _lastWaiter = waiter;
    }

    private SendWaiter RemoveFirstWaiter()
    {
        SendWaiter waiter = _firstWaiter!;
        _firstWaiter = waiter.Next;
        waiter.Next = null;
        if (_firstWaiter is null)
        {
            _lastWaiter = null;
        }

        if (!waiter.IsForDrain && !waiter.IsCancelled)
        {
            Interlocked.Decrement(ref _waiterCount);
        }

        waiter.ReleasePayload();
        return waiter;
    }

    /// <summary>A token was faster than the loop: the waiter holds nobody up any longer, and the loop takes it off its list. Any thread.</summary>
    internal void OnWaiterCancelled(SendWaiter waiter)
    {
        if (!waiter.IsForDrain)
        {
            Interlocked.Decrement(ref _waiterCount);
        }

        Volatile.Write(ref _waitersCancelled, true);
        SignalLoop();
    }

    private void RemoveCancelledWaiters()
    {
        Volatile.Write(ref _waitersCancelled, false);
        SendWaiter? waiter = _firstWaiter;
        _firstWaiter = null;
        _lastWaiter = null;
        while (waiter is not null)
        {
            SendWaiter? next = waiter.Next;
            waiter.Next = null;
            if (!waiter.IsCancelled)
            {
                AddWaiter(waiter);
            }

            waiter = next;
        }
    }

    /// <summary>
    /// At the turn's end: gives the room there is to those who wait. Each round either appends bytes, takes a waiter off the list or returns, so it always ends.
    /// </summary>
    private void ServeWaiters()
    {
        if (Volatile.Read(ref _waitersCancelled))
        {
            RemoveCancelledWaiters();
        }

        int streamed = 0;
        while (_firstWaiter is { } waiter)
        {
            if (waiter.IsForDrain)
            {
                if (!IsDrained && State == ConnectionState.Open)
                {
                    return;
                }

                // Whoever waited may send: what was refused before fits now.
                Interlocked.CompareExchange(ref _drainOwed, DrainOwed, DrainOwedToRefused);
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

            _streaming = true;
            streamed += AppendSlice(waiter);
            Flush();
            if (waiter.RemainingBytes == 0)
            {
                EndStreaming();
                continue;
            }

            if (_flushPending)
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
        => length <= _host.Options.MaxOutboundBytes
            ? length <= _host.Options.MaxOutboundBytes - BufferedBytes
            : _queue.LengthBytes <= _host.Options.LowWaterBytes;

    /// <summary>
    /// The room is the queue's own: what other threads have counted, or what is held back until the end of this message, takes none of it, or a message could wait
    /// for bytes that wait for its end.
    /// </summary>
    private int AppendSlice(SendWaiter waiter)
    {
        int appended = 0;
        int room = _host.Options.MaxOutboundBytes - _queue.LengthBytes;
        while (room > 0 && waiter.RemainingBytes > 0)
        {
            int count = waiter.AppendTo(_queue, room);
            _queue.MarkKept(count);
            Interlocked.Add(ref _bufferedBytes, count);
            appended += count;
            room -= count;
        }

        return appended;
    }

    private void EndStreaming()
    {
        _streaming = false;
        if (_heldBack.LengthBytes > 0)
        {
            // Counted when it was accepted.
            _queue.Append(_heldBack.Bytes);
            _queue.MarkKept(_heldBack.LengthBytes);
            _heldBack.Return();
        }

        bool isQueued = BufferedBytes > _host.Options.HighWaterBytes;
        if (isQueued)
        {
            OweDrain();
        }

        RemoveFirstWaiter().Complete(isQueued ? SendStatus.Queued : SendStatus.Sent);

        // What other threads were promised before this message began goes before the next waiter.
        AdoptForeignSends();

        // Their signals may be long past: they leave with the next pass.
        Written();
    }

    /// <summary>Unlinks the first waiter and answers it, unless its token was faster.</summary>
    private void Answer(SendStatus status)
    {
        SendWaiter waiter = RemoveFirstWaiter();
        if (waiter.HasBegun || waiter.TryBegin())
        {
            waiter.Complete(status);
        }
    }

    /// <summary>The connection has ended: nobody waits for it any longer.</summary>
    private void AnswerAllWaiters()
    {
        while (_firstWaiter is not null)
        {
            Answer(SendStatus.Closed);
        }

        _streaming = false;
        _heldBack.Return();
        Debug.Assert(_lastWaiter is null, "An empty list has no end.");
    }
}
