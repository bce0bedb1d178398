namespace Engine;

/// <summary>Sends from threads that are not the connection's loop: counted at once, copied, handed over through a stack, one wake-up for many.</summary>
public sealed partial class Connection
{
    private SendStatus TrySendForeign(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, SharedSegment? shared, ReadOnlySpan<byte> suffix)
    {
        if (!IsOpen)
        {
            return SendStatus.Closed;
        }

        int length = prefix.Length + payload.Length + suffix.Length + (shared?.Memory.Length ?? 0);
        ForeignSendKind kind = ForeignSendKind.Message;
        if (!TryReserve(length))
        {
            // Whether the peer is too slow only the loop can tell, which offers to the kernel first what it has not offered yet.
            bool loopDecides = _options.Backpressure is BackpressurePolicy.DropOldest or BackpressurePolicy.Disconnect;
            if (!loopDecides || _budget.HasWaiters || !_budget.TryAddUndecided(length, _options.MaxOutboundBytes))
            {
                _loop.Counters.CountDropped();
                OweDrainFor(length);
                SignalLoop();
                return SendStatus.Dropped;
            }

            kind = ForeignSendKind.MessageMakingRoom;
        }

        if (!IsOpen)
        {
            Withdraw(kind, length);
            return SendStatus.Closed;
        }

        ForeignSend send = _host.ForeignSends.Get();
        try
        {
            send.Set(kind, prefix, payload, shared, suffix);
        }
        catch
        {
            // A shared payload was released meanwhile: what is not sent must not stay counted.
            Withdraw(kind, length);
            throw;
        }

        // The mark is set before the message is visible, so the loop that drains it also sees that someone waits to hear.
        bool isQueued = kind != ForeignSendKind.Message || IsAboveHighWater;
        if (isQueued)
        {
            _budget.OweDrain();
        }

        PushForeign(send);
        return isQueued ? SendStatus.Queued : SendStatus.Sent;
    }

    /// <summary>A message that was counted is not sent after all: the close came first, which may wait for the count. Any thread.</summary>
    private void Withdraw(ForeignSendKind kind, int length)
    {
        if (kind == ForeignSendKind.MessageMakingRoom)
        {
            _budget.Decided(length);
        }
        else
        {
            _budget.Release(length);
        }

        SignalLoop();
    }

    private void PushForeign(ForeignSend send)
    {
        // Read before the push: from then on the loop may have used it and given it back.
        bool mayWait = send.Kind == ForeignSendKind.Message;
        _foreign.Push(send);
        if (mayWait && _hold.Line is { } line && BufferedBytes < HeldLimitBytes)
        {
            SignalDelayed(line);
        }
        else
        {
            SignalLoop();
        }
    }

    /// <summary>One posted work item for any number of foreign sends that the loop has not seen yet.</summary>
    private void SignalLoop()
    {
        if (_foreign.TrySignal())
        {
            _loop.Post(static state => ((Connection)state!).OnSignalled(), this);
        }
    }

    private void OnSignalled()
    {
        _foreign.SignalSeen();
        FlushAtTurnEnd();
    }

    /// <summary>Appends what other threads sent, in the order of each thread. Not while a message is being streamed, which it would cut in two.</summary>
    private void AdoptForeignSends()
    {
        if (_foreign.IsEmpty || _waiters.IsStreaming)
        {
            return;
        }

        ForeignSend? send = _foreign.TakeAll();
        while (send is not null)
        {
            ForeignSend? next = send.Next;
            Adopt(send);
            _host.ForeignSends.Return(send);
            send = next;
        }
    }

    private void Adopt(ForeignSend send)
    {
        switch (send.Kind)
        {
            case ForeignSendKind.Message:
                AppendForeign(send);
                break;
            case ForeignSendKind.MessageMakingRoom:
                _budget.Decided(send.LengthBytes);
                if (TryMakeRoom(send.LengthBytes))
                {
                    AppendForeign(send);
                }
                else
                {
                    _loop.Counters.CountDropped();
                }

                break;
            case ForeignSendKind.Control:
                AppendControl(send.Bytes);
                break;
            default:
                AddWaiter(send.Waiter!);
                break;
        }
    }

    /// <summary>For a message that found no room on its own thread: offers to the kernel what is queued, then does what the policy says.</summary>
    private bool TryMakeRoom(int length)
    {
        if (_flush is FlushState.Held or FlushState.Due)
        {
            Flush();
        }

        if (TryReserve(length))
        {
            return true;
        }

        if (_options.Backpressure == BackpressurePolicy.DropOldest)
        {
            return MakeRoom(length);
        }

        if (_budget.HasWaiters)
        {
            // A caller of SendAsync came before it. The peer is no slower for that, and the message was accepted.
            _budget.Accept(length);
            return true;
        }

        EndSlowConsumer();
        return false;
    }

    private void AppendForeign(ForeignSend send)
    {
        int length = send.LengthBytes;
        _queue.Append(send.Bytes, send.Shared is { } shared ? shared.Memory.Span : [], send.Shared, send.Suffix);
        _queue.MarkDroppable(length);
        ForeignMessageWritten();
    }

    /// <summary>The connection has ended before these reached it.</summary>
    private void DiscardForeignSends()
    {
        ForeignSend? send = _foreign.TakeAll();
        while (send is not null)
        {
            ForeignSend? next = send.Next;
            if (send.Waiter is { } waiter)
            {
                _waiters.Add(waiter);
            }
            else if (send.Kind == ForeignSendKind.MessageMakingRoom)
            {
                _budget.Decided(send.LengthBytes);
            }

            _host.ForeignSends.Return(send);
            send = next;
        }

        AnswerAllWaiters();
    }
}
