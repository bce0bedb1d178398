using System.Diagnostics;

namespace Engine.PubSub;

/// <summary>
/// A topic's subscribers on one loop. Those that keep up stand first in the array and share one offset; those that are behind stand after them, each with an offset
/// of its own, and cost a publication nothing. Loop only, but for the signal and the counts.
/// </summary>
/// <remarks>Allocates nothing a delivery.</remarks>
internal sealed class TopicOutlet(Topic topic, TopicLoop loop, ulong offset)
{
    private TopicSubscriber[] _members = [];
    private int[] _entryIndices = [];
    private int _count;
    private int _liveCount;
    private int _goneCount;
    private int _isSignalled;
    private long _notBefore;

    /// <summary>For whom what is delivered now is the last of the turn.</summary>
    private enum LastFor : byte
    {
        Nobody = 0,
        ThoseWithOneTopic = 1,
        Everybody = 2,
    }

    /// <summary>The next outlet on the loop's stack of those that have something new.</summary>
    public TopicOutlet? NextSignalled { get; set; }

    public Topic Topic => topic;

    public TopicLoop Loop => loop;

    /// <summary>The last message that those who keep up have in their queues.</summary>
    public ulong Offset { get; private set; } = offset;

    public int Count => Volatile.Read(ref _count);

    public int LiveCount => Volatile.Read(ref _liveCount);

    /// <summary>Subscribers that are in it, or about to be. Under the topic's lock.</summary>
    public int AttachedCount { get; set; }

    /// <summary>Says that the topic's log has something new. Any thread; one wake-up of the loop for many.</summary>
    public void Signal()
    {
        if (Interlocked.Exchange(ref _isSignalled, 1) == 0)
        {
            loop.Push(this);
        }
    }

    /// <summary>For a publisher's result. Any thread: the counts are those of a moment ago.</summary>
    public void AddCounts(ref OutletCounts counts)
    {
        int live = Volatile.Read(ref _liveCount);
        counts.Delivered += live;
        counts.Behind += Math.Max(Volatile.Read(ref _count) - live, 0);
        counts.Gone += Interlocked.Exchange(ref _goneCount, 0);
    }

    /// <summary>Adds a subscriber and returns its slot.</summary>
    public int Add(TopicSubscriber member, int entryIndex, bool isLive)
    {
        if (_count == _members.Length)
        {
            int capacity = Math.Max(4, _count + (_count / 2));
            Array.Resize(ref _members, capacity);
            Array.Resize(ref _entryIndices, capacity);
        }

        int slot = _count;
        _members[slot] = member;
        _entryIndices[slot] = entryIndex;
        Volatile.Write(ref _count, slot + 1);
        if (isLive)
        {
            slot = Swap(slot, _liveCount);
            Volatile.Write(ref _liveCount, _liveCount + 1);
        }

        return slot;
    }

    /// <summary>Takes a subscriber out.</summary>
    public void Remove(int slot)
    {
        if (slot < _liveCount)
        {
            slot = Swap(slot, _liveCount - 1);
            Volatile.Write(ref _liveCount, _liveCount - 1);
        }

        int last = Swap(slot, _count - 1);
        _members[last] = null!;
        Volatile.Write(ref _count, last);
        if (_members.Length > 64 && _count < _members.Length / 4)
        {
            Array.Resize(ref _members, _members.Length / 2);
            Array.Resize(ref _entryIndices, _members.Length);
        }
    }

    /// <summary>A subscriber's entry has moved within its own array.</summary>
    public void EntryMoved(int slot, int entryIndex) => _entryIndices[slot] = entryIndex;

    /// <summary>A subscriber no longer keeps up. Its entry has the offset.</summary>
    public int Demote(int slot)
    {
        Debug.Assert(slot < _liveCount, "Only one that keeps up falls behind.");
        int last = Swap(slot, _liveCount - 1);
        Volatile.Write(ref _liveCount, last);
        return last;
    }

    /// <summary>A subscriber has caught up.</summary>
    public int Promote(int slot)
    {
        Debug.Assert(slot >= _liveCount, "Only one that is behind catches up.");
        int first = Swap(slot, _liveCount);
        Volatile.Write(ref _liveCount, first + 1);
        return first;
    }

    /// <summary>
    /// Delivers what was signalled, or not yet: on a latest topic with an interval, <see cref="TopicLoop"/> pushes the outlet again when that has passed.
    /// Until then it stays signalled, so that publishers do not wake the loop for nothing.
    /// </summary>
    /// <param name="isOnly">Whether no other topic has something new for the loop.</param>
    public void OnSignalled(bool isOnly)
    {
        if (topic.Options.MinInterval > TimeSpan.Zero && !MayDeliverNow())
        {
            return;
        }

        // Cleared before the log is looked at: what is appended later signals again.
        Interlocked.Exchange(ref _isSignalled, 0);
        Deliver(isOnly ? LastFor.Everybody : LastFor.ThoseWithOneTopic);
    }

    /// <summary>Brings those who keep up to the topic's newest message; whoever cannot take one falls behind.</summary>
    public void Deliver() => Deliver(LastFor.Nobody);

    private void Deliver(LastFor last)
    {
        ulong upTo = 0;
        while (true)
        {
            int count = 0;
            ulong overtakenTo = 0;
            lock (topic.Gate)
            {
                upTo = upTo == 0 ? topic.Log.Head : upTo;
                if (topic.Log.Floor > Offset)
                {
                    overtakenTo = topic.Log.Floor;
                }
                else
                {
                    count = topic.Log.CopyAfter(Offset, upTo, loop.Batch);
                }
            }

            if (overtakenTo != 0)
            {
                FallBehind(overtakenTo);
            }
            else if (count > 0)
            {
                Deliver(loop.Batch[..count], loop.Batch[count - 1].Position.Offset == upTo ? last : LastFor.Nobody);
            }
            else
            {
                break;
            }
        }

        // The newest messages of a latest topic may have been replaced by others since.
        Offset = Math.Max(Offset, upTo);
    }

    /// <summary>Runs an action for each subscriber; it may subscribe, unsubscribe and close.</summary>
    public void ForEach<TState>(Action<TopicSubscriber, TState> visit, TState state)
    {
        foreach (TopicSubscriber member in _members.AsSpan(0, _count).ToArray())
        {
            if (!member.IsClosed)
            {
                visit(member, state);
            }
        }
    }

    private void Deliver(ReadOnlySpan<Publication> batch, LastFor last)
    {
        int sent = 0;
        for (int i = 0; i < _liveCount;)
        {
            TopicSubscriber member = _members[i];
            bool isLast = last == LastFor.Everybody || (last == LastFor.ThoseWithOneTopic && member.SubscriptionCount == 1);
            switch (member.Offer(topic, batch, Offset, isLast, out ulong reached, ref sent))
            {
                case OfferOutcome.TookAll:
                    i++;
                    break;
                case OfferOutcome.Gone:
                    member.Drop(_entryIndices[i]);
                    Interlocked.Increment(ref _goneCount);
                    break;
                default:
                    member.FallBehind(_entryIndices[i], reached);
                    break;
            }
        }

        Offset = batch[^1].Position.Offset;
        loop.Hub.CountDelivered(sent);
        foreach (Publication publication in batch)
        {
            publication.Release();
        }
    }

    /// <summary>The log has gone on without this loop: each of its subscribers is told by itself.</summary>
    private void FallBehind(ulong newOffset)
    {
        while (_liveCount > 0)
        {
            TopicSubscriber member = _members[_liveCount - 1];
            member.FallBehind(_entryIndices[_liveCount - 1], Offset);
            loop.Schedule(member);
        }

        Offset = newOffset;
    }

    private bool MayDeliverNow()
    {
        TimeProvider clock = loop.Hub.Options.Clock;
        long now = clock.GetTimestamp();
        if (_notBefore != 0 && now < _notBefore)
        {
            loop.PushLater(this, clock.GetElapsedTime(now, _notBefore));
            return false;
        }

        _notBefore = now + (long)(topic.Options.MinInterval.TotalSeconds * clock.TimestampFrequency);
        return true;
    }

    /// <summary>Exchanges two slots and returns where the first one's subscriber is now.</summary>
    private int Swap(int slot, int other)
    {
        if (slot != other)
        {
            (_members[slot], _members[other]) = (_members[other], _members[slot]);
            (_entryIndices[slot], _entryIndices[other]) = (_entryIndices[other], _entryIndices[slot]);
            _members[slot].SlotMoved(_entryIndices[slot], slot);
            _members[other].SlotMoved(_entryIndices[other], other);
        }

        return other;
    }
}
