namespace Engine;

/// <summary>
/// What other threads handed over and the loop has not seen yet: a stack without a lock, taken whole and put in order. A mutable field of its connection.
/// </summary>
internal struct ForeignSends
{
    private ForeignSend? _newest;
    private int _signalled;

    public readonly bool IsEmpty => Volatile.Read(in _newest) is null;

    /// <summary>Hands one over. Any thread. From then on it is the loop's.</summary>
    public void Push(ForeignSend send)
    {
        ForeignSend? top = Volatile.Read(ref _newest);
        while (true)
        {
            send.Next = top;
            ForeignSend? seen = Interlocked.CompareExchange(ref _newest, send, top);
            if (ReferenceEquals(seen, top))
            {
                return;
            }

            top = seen;
        }
    }

    /// <summary>Takes all of them, oldest first, linked by <see cref="ForeignSend.Next"/>. Loop only.</summary>
    public ForeignSend? TakeAll()
    {
        ForeignSend? stack = Interlocked.Exchange(ref _newest, null);
        ForeignSend? ordered = null;
        while (stack is not null)
        {
            ForeignSend? next = stack.Next;
            stack.Next = ordered;
            ordered = stack;
            stack = next;
        }

        return ordered;
    }

    /// <summary>Returns true to one thread of any number: the one that has to wake the loop. Any thread.</summary>
    public bool TrySignal() => Interlocked.Exchange(ref _signalled, 1) == 0;

    /// <summary>The loop is awake; whoever comes from now on wakes it again. Loop only, before <see cref="TakeAll"/>.</summary>
    public void SignalSeen() => Interlocked.Exchange(ref _signalled, 0);
}
