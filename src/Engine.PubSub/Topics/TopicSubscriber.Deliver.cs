using System.Diagnostics;

namespace Engine.PubSub;

/// <summary>How messages leave: offered as they come while the queue has room, read from the log when it has room again.</summary>
public abstract partial class TopicSubscriber
{
    /// <summary>Messages that one subscriber is sent in a turn before the others of its loop go on.</summary>
    private const int MaxMessagesPerTurn = 256;

    /// <summary>What may still wait for the kernel when the next value of a latest topic is sent: a subscriber that does not read gets no backlog.</summary>
    private const int MaxLatestBacklogBytes = 2048;

    private int _behindCount;
    private int _nextIndex;
    private int _sendsUnderWay;

    /// <summary>
    /// Offers messages to a subscriber that keeps up. <paramref name="reached"/> is the last offset that its queue has. With <paramref name="isLast"/> no more of
    /// this turn follows, of this topic and of all others that have something new.
    /// </summary>
    internal OfferOutcome Offer(Topic topic, ReadOnlySpan<Publication> batch, ulong offset, bool isLast, out ulong reached, ref int sent)
    {
        reached = offset;
        if (topic.Options.Kind == TopicKind.Latest && HasBacklog())
        {
            _loop.ScheduleLater(this);
            return OfferOutcome.IsFull;
        }

        foreach (Publication publication in batch)
        {
            if (publication.Except != Number)
            {
                SharedSegment encoded = publication.SegmentFor(Form);
                if (!Fits(encoded.Memory.Length))
                {
                    _loop.Schedule(this);
                    return OfferOutcome.IsFull;
                }

                IsLastOfTurn = isLast && ReferenceEquals(publication, batch[^1]);
                SendStatus status = TrySend(publication, encoded);
                IsLastOfTurn = false;
                switch (status)
                {
                    case SendStatus.Sent:
                        sent++;
                        break;
                    case SendStatus.Queued:
                        // Accepted, and to be followed by nothing until the drain.
                        sent++;
                        reached = publication.Position.Offset;
                        return OfferOutcome.IsFull;
                    case SendStatus.Dropped:
                        return OfferOutcome.IsFull;
                    default:
                        return OfferOutcome.Gone;
                }
            }

            reached = publication.Position.Offset;
        }

        return OfferOutcome.TookAll;
    }

    /// <summary>From now on the subscription reads the log from its own offset.</summary>
    internal void FallBehind(int entryIndex, ulong offset)
    {
        ref TopicEntry entry = ref _entries[entryIndex];
        entry.State = TopicEntryState.Behind;
        entry.Offset = offset;
        _behindCount++;
        int slot = entry.Outlet.Demote(entry.Slot);
        _entries[entryIndex].Slot = slot;
    }

    /// <summary>Sends what the subscriptions have not got, as far as there is room.</summary>
    internal void CatchUp()
    {
        if (_sendsUnderWay > 0 || !SendStates())
        {
            return;
        }

        int budget = MaxMessagesPerTurn;
        for (int left = _count; left > 0 && _behindCount > 0 && _sendsUnderWay == 0 && !IsClosed; left--)
        {
            // From where the last turn ended: a topic that always fills the queue does not keep the others from it.
            int index = _nextIndex < _count ? _nextIndex : 0;
            _nextIndex = index + 1;
            if (_entries[index].State == TopicEntryState.Behind && !CatchUp(index, ref budget))
            {
                return;
            }
        }
    }

    /// <summary>False when nothing more can be sent now.</summary>
    private bool CatchUp(int index, ref int budget)
    {
        TopicOutlet outlet = _entries[index].Outlet;
        Topic topic = outlet.Topic;
        while (true)
        {
            if (topic.Options.Kind == TopicKind.Latest && HasBacklog())
            {
                _loop.ScheduleLater(this);
                return true;
            }

            int count = 0;
            TopicGap? gap = null;
            ref TopicEntry entry = ref _entries[index];
            lock (topic.Gate)
            {
                ulong floor = topic.Log.Floor;
                if (floor > Math.Max(entry.Offset, entry.Floor))
                {
                    gap = new TopicGap(topic.Name, topic.PositionAt(entry.Offset), topic.PositionAt(floor), topic.Log.LostAfter(entry.Offset)) { TopicNumber = topic.Number };
                }
                else
                {
                    count = topic.Log.CopyAfter(entry.Offset, outlet.Offset, _loop.Batch);
                }
            }

            if (gap is { } lost)
            {
                if (!Overtaken(index, lost))
                {
                    return false;
                }

                if (index >= _count || _entries[index].State != TopicEntryState.Behind)
                {
                    return true;
                }
            }
            else if (count == 0)
            {
                Promote(index);
                return true;
            }
            else if (!Send(index, _loop.Batch[..count]))
            {
                return false;
            }

            if ((budget -= count) <= 0)
            {
                _loop.Schedule(this);
                return false;
            }
        }
    }

    /// <summary>Sends messages of the log; the cursor moves with each that the queue has. False when nothing more can be sent now.</summary>
    private bool Send(int index, ReadOnlySpan<Publication> batch)
    {
        int sent = 0;
        SendStatus status = SendStatus.Sent;
        foreach (Publication publication in batch)
        {
            if (status == SendStatus.Sent && publication.Except != Number)
            {
                SharedSegment encoded = publication.SegmentFor(Form);
                if (!Fits(encoded.Memory.Length))
                {
                    status = SendLarge(index, publication, encoded);
                    continue;
                }

                status = TrySend(publication, encoded);
                sent += status <= SendStatus.Queued ? 1 : 0;
            }
            else if (status != SendStatus.Sent)
            {
                break;
            }

            if (status <= SendStatus.Queued)
            {
                _entries[index].Offset = publication.Position.Offset;
            }
        }

        foreach (Publication publication in batch)
        {
            publication.Release();
        }

        _hub.CountDelivered(sent);
        if (status == SendStatus.Closed)
        {
            Close();
        }

        return status == SendStatus.Sent;
    }

    /// <summary>
    /// A message that is larger than the queue is streamed from the shared bytes; nothing else of this subscriber is sent until it is accepted.
    /// Returns <see cref="SendStatus.Dropped"/> while that lasts.
    /// </summary>
    private SendStatus SendLarge(int index, Publication publication, SharedSegment encoded)
    {
        ValueTask<SendStatus> sending = SendAsync(publication, encoded);
        if (sending.IsCompletedSuccessfully)
        {
            SendStatus status = sending.GetAwaiter().GetResult();
            if (status <= SendStatus.Queued)
            {
                _entries[index].Offset = publication.Position.Offset;
                _hub.CountDelivered(1);
            }

            return status;
        }

        _sendsUnderWay++;
        _ = FinishAsync(sending, _entries[index], publication.Position.Offset);
        return SendStatus.Dropped;
    }

    private async Task FinishAsync(ValueTask<SendStatus> sending, TopicEntry sent, ulong offset)
    {
        SendStatus status;
        try
        {
            // Back on the loop, by its synchronization context.
            status = await sending.ConfigureAwait(true);
        }
        catch (Exception exception)
        {
            _hub.ReportError(exception);
            status = SendStatus.Closed;
        }

        Connection.Post(_ => Finish(status, sent, offset), null);
    }

    private void Finish(SendStatus status, in TopicEntry sent, ulong offset)
    {
        _sendsUnderWay--;
        if (IsClosed)
        {
            return;
        }

        if (status > SendStatus.Queued)
        {
            Close();
            return;
        }

        int index = FindEntry(sent);
        if (index >= 0 && _entries[index].State == TopicEntryState.Behind && _entries[index].Offset < offset)
        {
            _entries[index].Offset = offset;
            _hub.CountDelivered(1);
        }

        _loop.Schedule(this);
    }

    /// <summary>The topic no longer keeps what comes next. False when nothing more can be sent now.</summary>
    private bool Overtaken(int index, in TopicGap gap)
    {
        TopicOutlet outlet = _entries[index].Outlet;
        if (outlet.Offset < gap.To.Offset)
        {
            // The loop has fallen behind too, and nobody on it keeps up: a cursor is never ahead of its outlet.
            outlet.Deliver();
        }

        switch (outlet.Topic.Options.Overtaken)
        {
            case OvertakenPolicy.Close:
                _hub.CountGap();
                Close();
                CloseConnection(0, "overtaken");
                return false;
            case OvertakenPolicy.Snapshot:
                _hub.CountGap();
                Join(outlet, attempts: 1);
                return true;
            default:
                return Tell(index, gap);
        }
    }

    private bool Tell(int index, in TopicGap gap)
    {
        SendStatus status = TellGap(gap);
        switch (status)
        {
            case SendStatus.Closed:
                Close();
                return false;
            case SendStatus.Dropped:
                return false;
            default:
                _hub.CountGap();
                ref TopicEntry entry = ref _entries[index];
                entry.Offset = entry.Outlet.Topic.Options.Kind == TopicKind.Latest ? 0 : gap.To.Offset;
                entry.Floor = gap.To.Offset;
                return status == SendStatus.Sent;
        }
    }

    private void Promote(int index)
    {
        ref TopicEntry entry = ref _entries[index];
        Debug.Assert(entry.Offset <= entry.Outlet.Offset, "A cursor is never ahead of its outlet.");
        entry.State = TopicEntryState.Live;
        _behindCount--;
        int slot = entry.Outlet.Promote(entry.Slot);
        _entries[index].Slot = slot;
    }

    private bool HasBacklog()
    {
        if (Connection.BufferedBytes <= MaxLatestBacklogBytes)
        {
            return false;
        }

        // What this turn has written has not been offered to the kernel yet, and says nothing about the peer.
        Connection.FlushOutput();
        return Connection.BufferedBytes > MaxLatestBacklogBytes;
    }
}
