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
            switch (_host.Options.Backpressure)
            {
                case BackpressurePolicy.DropOldest when TryReserveMakingRoom(length):
                    kind = ForeignSendKind.MessageMakingRoom;
                    break;
                case BackpressurePolicy.Disconnect:
                    _loop.Counters.CountDropped();
                    Abort(CloseReason.SlowConsumer);
                    return SendStatus.Closed;
                default:
                    _loop.Counters.CountDropped();
                    Volatile.Write(ref _drainOwed, 1);
                    SignalLoop();
                    return SendStatus.Dropped;
            }
        }

        ForeignSend send = _host.ForeignSends.Get();
        send.Set(kind, prefix, payload, shared, suffix);

        // The mark is set before the message is visible, so the loop that drains it also sees that someone waits to hear.
        bool isQueued = kind != ForeignSendKind.Message || BufferedBytes > _host.Options.HighWaterBytes;
        if (isQueued)
        {
            Volatile.Write(ref _drainOwed, 1);
        }

        PushForeign(send);
        return isQueued ? SendStatus.Queued : SendStatus.Sent;
    }

    /// <summary>Messages that wait for the loop to drop older ones are bounded by the same number of bytes as the queue.</summary>
    private bool TryReserveMakingRoom(int length)
    {
        if (Interlocked.Add(ref _foreignMakingRoomBytes, length) <= _host.Options.MaxOutboundBytes)
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
                if (MakeRoom(send.LengthBytes))
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

            _host.ForeignSends.Return(send);
            send = next;
        }

        AnswerAllWaiters();
    }
}
