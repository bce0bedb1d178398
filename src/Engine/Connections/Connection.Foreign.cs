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
            bool loopDecides = _host.Options.Backpressure is BackpressurePolicy.DropOldest or BackpressurePolicy.Disconnect;
            if (!loopDecides || Volatile.Read(ref _waiterCount) != 0 || !TryReserveMakingRoom(length))
            {
                _loop.Counters.CountDropped();
                OweDrainFor(length);
                SignalLoop();
                return SendStatus.Dropped;
            }

            kind = ForeignSendKind.MessageMakingRoom;
        }

        ref int counted = ref kind == ForeignSendKind.Message ? ref _bufferedBytes : ref _foreignMakingRoomBytes;
        if (IsTooLate(ref counted, length))
        {
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
            Interlocked.Add(ref counted, -length);
            SignalLoop();
            throw;
        }

        // The mark is set before the message is visible, so the loop that drains it also sees that someone waits to hear.
        bool isQueued = kind != ForeignSendKind.Message || BufferedBytes > _host.Options.HighWaterBytes;
        if (isQueued)
        {
            OweDrain();
        }

        PushForeign(send);
        return isQueued ? SendStatus.Queued : SendStatus.Sent;
    }

    /// <summary>
    /// A message is counted before the state is looked at, and the close looks at the count after it has changed the state: so one of the two sees the other, and
    /// FIN never overtakes a message that was accepted. True when the close was first; the message is then no longer counted.
    /// </summary>
    private bool IsTooLate(ref int counted, int length)
    {
        if (IsOpen)
        {
            return false;
        }

        Interlocked.Add(ref counted, -length);
        SignalLoop();
        return true;
    }

    /// <summary>Messages that wait for the loop to make room are bounded by the same number of bytes as the queue; a larger one waits alone.</summary>
    private bool TryReserveMakingRoom(int length)
    {
        int after = Interlocked.Add(ref _foreignMakingRoomBytes, length);
        if (after <= _host.Options.MaxOutboundBytes || after == length)
        {
            return true;
        }

        Interlocked.Add(ref _foreignMakingRoomBytes, -length);
        return false;
    }

    private void PushForeign(ForeignSend send)
    {
        // Read before the push: from then on the loop may have used it and given it back.
        bool mayWait = send.Kind == ForeignSendKind.Message;
        ForeignSend? top = Volatile.Read(ref _foreignStack);
        while (true)
        {
            send.Next = top;
            ForeignSend? seen = Interlocked.CompareExchange(ref _foreignStack, send, top);
            if (ReferenceEquals(seen, top))
            {
                break;
            }

            top = seen;
        }

        if (mayWait && Volatile.Read(ref _coalescing) is { } line && BufferedBytes < HeldLimitBytes)
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
        if (Interlocked.Exchange(ref _foreignSignalled, 1) == 0)
        {
            _loop.Post(static state => ((Connection)state!).OnSignalled(), this);
        }
    }

    private void OnSignalled()
    {
        Interlocked.Exchange(ref _foreignSignalled, 0);
        FlushAtTurnEnd();
    }

    /// <summary>Appends what other threads sent, in the order of each thread. Not while a message is being streamed, which it would cut in two.</summary>
    private void AdoptForeignSends()
    {
        if (Volatile.Read(ref _foreignStack) is null || _streaming)
        {
            return;
        }

        ForeignSend? send = ForeignSend.Reverse(Interlocked.Exchange(ref _foreignStack, null));
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
                Interlocked.Add(ref _foreignMakingRoomBytes, -send.LengthBytes);
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
                if (!_inPump)
                {
                    AskForTurnEnd();
                }

                break;
        }
    }

    /// <summary>For a message that found no room on its own thread: offers to the kernel what is queued, then does what the policy says.</summary>
    private bool TryMakeRoom(int length)
    {
        if (!_queue.IsEmpty && !_flushPending)
        {
            Flush();
        }

        if (TryReserve(length))
        {
            return true;
        }

        if (_host.Options.Backpressure == BackpressurePolicy.DropOldest)
        {
            return MakeRoom(length);
        }

        if (Volatile.Read(ref _waiterCount) != 0)
        {
            // A caller of SendAsync came before it. The peer is no slower for that, and the message was accepted.
            Interlocked.Add(ref _bufferedBytes, length);
            return true;
        }

        Abort(CloseReason.SlowConsumer);
        return false;
    }

    private void AppendForeign(ForeignSend send)
    {
        int length = send.LengthBytes;
        _queue.Append(send.Bytes, send.Shared is { } shared ? shared.Memory.Span : [], send.Shared, send.Suffix);
        _queue.MarkDroppable(length);
        ForeignMessageWritten(length);
    }

    /// <summary>The connection has ended before these reached it.</summary>
    private void DiscardForeignSends()
    {
        ForeignSend? send = ForeignSend.Reverse(Interlocked.Exchange(ref _foreignStack, null));
        while (send is not null)
        {
            ForeignSend? next = send.Next;
            if (send.Waiter is { } waiter)
            {
                AddWaiter(waiter);
            }
            else if (send.Kind == ForeignSendKind.MessageMakingRoom)
            {
                Interlocked.Add(ref _foreignMakingRoomBytes, -send.LengthBytes);
            }

            _host.ForeignSends.Return(send);
            send = next;
        }

        AnswerAllWaiters();
    }
}
