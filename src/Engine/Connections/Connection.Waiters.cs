using System.Buffers;
using System.Diagnostics;

namespace Engine;

/// <summary>Callers of SendAsync that wait for room, first come, first served.</summary>
public sealed partial class Connection
{
    /// <summary>Whether an attempt to send at once can succeed: a message larger than the queue cannot, and would be counted as dropped.</summary>
    private bool CanSendNow(int length) => length <= _host.Options.MaxOutboundBytes - BufferedBytes && Volatile.Read(ref _waiterCount) == 0;

    private ValueTask<SendStatus> Wait(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> payload, bool isForDrain, CancellationToken cancellationToken)
    {
        SendWaiter waiter = _host.Waiters.Get();
        waiter.Set(_host.Waiters, prefix, payload, isForDrain);
        return Wait(waiter, cancellationToken);
    }

    private ValueTask<SendStatus> Wait(SendWaiter waiter, CancellationToken cancellationToken)
    {
        var answer = new ValueTask<SendStatus>(waiter, waiter.Version);
        Interlocked.Increment(ref _waiterCount);
        waiter.ObserveCancellation(cancellationToken);
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

        Interlocked.Decrement(ref _waiterCount);
        waiter.ReleasePayload();
        return waiter;
    }

    /// <summary>At the turn's end: gives the room there is to those who wait.</summary>
    private void ServeWaiters()
    {
        int streamed = 0;
        while (_firstWaiter is { } waiter)
        {
            if (waiter.IsForDrain)
            {
                if (BufferedBytes > _host.Options.LowWaterBytes && State == ConnectionState.Open)
                {
                    return;
                }

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
            AppendSlice(waiter, out int appended);
            streamed += appended;
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
            : BufferedBytes <= _host.Options.LowWaterBytes;

    private void AppendSlice(SendWaiter waiter, out int appended)
    {
        appended = 0;
        int room = _host.Options.MaxOutboundBytes - BufferedBytes;
        while (room > 0 && waiter.RemainingBytes > 0)
        {
            int count = waiter.AppendTo(_queue, room);
            _queue.MarkKept(count);
            Interlocked.Add(ref _bufferedBytes, count);
            appended += count;
            room -= count;
        }
    }

    private void EndStreaming()
    {
        _streaming = false;
        if (_heldControl is { } held)
        {
            // Counted when it was accepted.
            _queue.Append(held.AsSpan(0, _heldControlLength));
            _queue.MarkKept(_heldControlLength);
            ReturnHeldControl();
        }

        bool isQueued = BufferedBytes > _host.Options.HighWaterBytes;
        if (isQueued)
        {
            Volatile.Write(ref _drainOwed, 1);
        }

        RemoveFirstWaiter().Complete(isQueued ? SendStatus.Queued : SendStatus.Sent);

        // What other threads were promised before this message began goes before the next waiter.
        AdoptForeignSends();

        // Their signals may be long past: they leave with the next pass.
        Written();
    }

    private void ReturnHeldControl()
    {
        if (_heldControl is { } held)
        {
            _heldControl = null;
            _heldControlLength = 0;
            ArrayPool<byte>.Shared.Return(held);
        }
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
        ReturnHeldControl();
        Debug.Assert(_lastWaiter is null, "An empty list has no end.");
    }
}
