namespace Engine.Sse;

/// <summary>One publication on its way to the loops: made and filled under the hub's lock, finished outside of it.</summary>
internal ref struct SseDispatch<TSession>(SharedSegment prepared, long sequence, BackpressurePolicy policy, Action<int> countDropped)
{
    private SsePublishResult _result;
    private SseInbox<TSession>? _own;
    private long _first;
    private long _last;

    /// <summary>Hands the event to some members of one loop. Under the hub's lock.</summary>
    public void Add(SseInbox<TSession> inbox, ReadOnlyMemory<SseMember<TSession>> members)
    {
        long number = inbox.Add(new SseDelivery<TSession>(members, prepared, sequence, policy));
        if (number == 0)
        {
            countDropped(members.Length);
            _result = _result.Plus(new SsePublishResult(0, 0, members.Length));
        }
        else if (inbox.IsOnLoop)
        {
            // No other publisher comes between: the hub's lock is held, so the numbers follow one another.
            _first = _own is null ? number : _first;
            _own = inbox;
            _last = number;
        }
        else
        {
            _result = _result.Plus(new SsePublishResult(0, members.Length, 0));
        }
    }

    /// <summary>Delivers at once to those who live on the calling thread, and lets go of the event. Outside the lock.</summary>
    public readonly SsePublishResult Finish()
    {
        SsePublishResult result = _own is null ? _result : _result.Plus(_own.Deliver(_first, _last));
        prepared.Release();
        return result;
    }
}
