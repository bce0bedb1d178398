namespace Engine.Sse;

/// <summary>
/// Events on their way to the members of one loop. A publisher hands over one delivery a loop, not one a member: one wake-up, and the connections stay in
/// the cache of the core that sends. Bounded, so that a loop that is held up costs events and not memory.
/// </summary>
/// <param name="anchor">A connection of the loop.</param>
/// <param name="countDropped">Told of drops that no publisher waits to hear of.</param>
internal sealed class SseInbox<TSession>(Connection anchor, Action<int> countDropped)
{
    private const int MaxWaitingEvents = 4096;
    private const long MaxWaitingBytes = 4 << 20;

    private readonly Lock _gate = new();
    private readonly Queue<SseDelivery<TSession>> _waiting = new();
    private long _waitingBytes;
    private long _addedCount;
    private long _takenCount;
    private bool _isPosted;

    /// <summary>Members on the loop. Under the hub's lock.</summary>
    public int MemberCount { get; set; }

    public bool IsOnLoop => anchor.IsOnLoop;

    public bool IsOf(Connection connection) => anchor.SharesLoopWith(connection);

    /// <summary>
    /// Adds a delivery, under the hub's lock, which gives the order. Answers its number; 0 when there is no room. On the loop itself the caller
    /// goes on with <see cref="Deliver"/>; otherwise the loop is woken, once for many.
    /// </summary>
    public long Add(in SseDelivery<TSession> delivery)
    {
        int length = delivery.Prepared.Memory.Length;
        bool mustPost;
        long number;
        lock (_gate)
        {
            if (_waiting.Count > 0 && (_waiting.Count >= MaxWaitingEvents || _waitingBytes + length > MaxWaitingBytes))
            {
                return 0;
            }

            delivery.Prepared.AddReference();
            _waiting.Enqueue(delivery);
            _waitingBytes += length;
            number = ++_addedCount;
            mustPost = !_isPosted && !IsOnLoop;
            _isPosted |= mustPost;
        }

        if (mustPost)
        {
            anchor.Post(static state => ((SseInbox<TSession>)state!).DeliverAll(), this);
        }

        return number;
    }

    /// <summary>Delivers up to and including the delivery of number <paramref name="last"/>. Answers what became of those from <paramref name="first"/> on. Loop only.</summary>
    public SsePublishResult Deliver(long first, long last)
    {
        SsePublishResult own = default;
        while (TryTake(last, out SseDelivery<TSession> delivery, out long number))
        {
            SsePublishResult result = delivery.Deliver();
            delivery.Prepared.Release();
            if (result.Dropped > 0)
            {
                countDropped(result.Dropped);
            }

            if (number >= first)
            {
                own = own.Plus(result);
            }
        }

        return own;
    }

    private void DeliverAll()
    {
        long last;
        lock (_gate)
        {
            _isPosted = false;
            last = _addedCount;
        }

        Deliver(last + 1, last);
    }

    private bool TryTake(long last, out SseDelivery<TSession> delivery, out long number)
    {
        lock (_gate)
        {
            number = _takenCount + 1;
            if (number > last || !_waiting.TryDequeue(out delivery))
            {
                delivery = default;
                return false;
            }

            _takenCount = number;
            _waitingBytes -= delivery.Prepared.Memory.Length;
            return true;
        }
    }
}
