namespace Engine;

/// <summary>Callers of SendAsync and WhenWritableAsync that wait, first come, first served. Loop only but for the mark; a mutable field of its connection.</summary>
internal struct SendWaiters
{
    // A ring: the last one's next is the first.
    private SendWaiter? _last;
    private bool _hasCancelled;

    public readonly SendWaiter? First => _last?.Next;

    public readonly bool IsEmpty => _last is null;

    /// <summary>Whether the first one's message has begun to leave and not ended: no other byte may stand between its own.</summary>
    public readonly bool IsStreaming => First is { HasBegun: true };

    public void Add(SendWaiter waiter)
    {
        waiter.Next = _last?.Next ?? waiter;
        if (_last is not null)
        {
            _last.Next = waiter;
        }

        _last = waiter;
    }

    public SendWaiter RemoveFirst()
    {
        SendWaiter first = _last!.Next!;
        if (ReferenceEquals(first, _last))
        {
            _last = null;
        }
        else
        {
            _last.Next = first.Next;
        }

        first.Next = null;
        return first;
    }

    /// <summary>A waiter of the list was cancelled, and may be taken off it. Any thread.</summary>
    public void MarkCancelled() => Volatile.Write(ref _hasCancelled, true);

    /// <summary>Takes the cancelled ones off the list, if there are any.</summary>
    public void RemoveCancelled()
    {
        if (!Volatile.Read(ref _hasCancelled))
        {
            return;
        }

        Volatile.Write(ref _hasCancelled, false);
        SendWaiter? last = _last;
        SendWaiter? waiter = First;
        _last = null;
        while (waiter is not null)
        {
            SendWaiter? next = ReferenceEquals(waiter, last) ? null : waiter.Next;
            waiter.Next = null;
            if (!waiter.IsCancelled)
            {
                Add(waiter);
            }

            waiter = next;
        }
    }
}
