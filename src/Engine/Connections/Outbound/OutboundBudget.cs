namespace Engine;

/// <summary>
/// Counts what a connection has accepted and the kernel has not taken, and what is promised to those who found no room. Any thread; a mutable field of its connection.
/// </summary>
/// <remarks>
/// Three counters, because they answer three questions. <see cref="AcceptedBytes"/>: may one more message come, is the queue low, may FIN be sent?
/// <see cref="UndecidedBytes"/>: messages of other threads for which the loop may still make room. <see cref="HasWaiters"/>: does somebody stand in line before
/// a new message? The bytes in the queue itself are the queue's own length, which only the loop knows.
/// A message is counted before the connection's state is looked at, and a close looks at the count after it has changed the state: so one of the two sees
/// the other, and FIN never overtakes what was accepted.
/// </remarks>
internal struct OutboundBudget(int drainAtBytes)
{
    private const int NotOwed = 0;
    private const int Owed = 1;
    private const int OwedToRefused = 2;

    private int _acceptedBytes;
    private int _undecidedBytes;
    private int _waiterCount;
    private int _drainOwed;
    private int _drainAtBytes = drainAtBytes;

    /// <summary>Bytes accepted and not yet taken by the kernel: in the queue, held back, or on their way to the loop.</summary>
    public readonly int AcceptedBytes => Volatile.Read(in _acceptedBytes);

    /// <summary>Bytes of other threads' messages for which the loop has yet to make room.</summary>
    public readonly int UndecidedBytes => Volatile.Read(in _undecidedBytes);

    /// <summary>Whether a message waits for room, which those that come later may not take from it.</summary>
    public readonly bool HasWaiters => Volatile.Read(in _waiterCount) != 0;

    /// <summary>Whether a drain is to be announced.</summary>
    public readonly bool IsDrainOwed => Volatile.Read(in _drainOwed) != NotOwed;

    /// <summary>Whether it is owed to somebody whose message was refused, so that one of that size would be refused again.</summary>
    public readonly bool IsDrainOwedToRefused => Volatile.Read(in _drainOwed) == OwedToRefused;

    /// <summary>Whether the bytes are few enough for the drain to be announced.</summary>
    public readonly bool IsLow => AcceptedBytes <= Volatile.Read(in _drainAtBytes);

    /// <summary>
    /// Counts a message if it fits. A message larger than the limit fits when nothing else is there, or it never would. One addition when it does.
    /// </summary>
    public bool TryAccept(int lengthBytes, int limitBytes)
    {
        if (HasWaiters)
        {
            return false;
        }

        int after = Interlocked.Add(ref _acceptedBytes, lengthBytes);
        if (after <= limitBytes || after == lengthBytes)
        {
            return true;
        }

        Interlocked.Add(ref _acceptedBytes, -lengthBytes);
        return false;
    }

    /// <summary>Counts a control message, which no waiter holds up, if it fits under a limit of its own.</summary>
    public bool TryAcceptControl(int lengthBytes, int limitBytes)
    {
        if (Interlocked.Add(ref _acceptedBytes, lengthBytes) <= limitBytes)
        {
            return true;
        }

        Interlocked.Add(ref _acceptedBytes, -lengthBytes);
        return false;
    }

    /// <summary>Counts bytes without asking.</summary>
    public void Accept(int lengthBytes) => Interlocked.Add(ref _acceptedBytes, lengthBytes);

    /// <summary>The kernel took bytes, or a message was dropped or never appended.</summary>
    public void Release(int lengthBytes) => Interlocked.Add(ref _acceptedBytes, -lengthBytes);

    /// <summary>The end: nothing is owed to the kernel any longer.</summary>
    public void ReleaseAll() => Interlocked.Exchange(ref _acceptedBytes, 0);

    /// <summary>Counts a message for which the loop is to make room, if those together are no more than the limit; a larger one waits alone.</summary>
    public bool TryAddUndecided(int lengthBytes, int limitBytes)
    {
        int after = Interlocked.Add(ref _undecidedBytes, lengthBytes);
        if (after <= limitBytes || after == lengthBytes)
        {
            return true;
        }

        Interlocked.Add(ref _undecidedBytes, -lengthBytes);
        return false;
    }

    /// <summary>The loop has decided about such a message.</summary>
    public void Decided(int lengthBytes) => Interlocked.Add(ref _undecidedBytes, -lengthBytes);

    public void AddWaiter() => Interlocked.Increment(ref _waiterCount);

    public void RemoveWaiter() => Interlocked.Decrement(ref _waiterCount);

    /// <summary>A drain is to be announced at the low-water mark.</summary>
    public void OweDrain()
    {
        if (Volatile.Read(ref _drainOwed) == NotOwed)
        {
            Interlocked.CompareExchange(ref _drainOwed, Owed, NotOwed);
        }
    }

    /// <summary>
    /// A message was refused: the drain is announced when it would fit. Announced any sooner, a sender that tries again would be refused again, and again, and
    /// keep the loop to itself.
    /// </summary>
    /// <param name="fitsAtBytes">At how many accepted bytes it would fit.</param>
    public void OweDrainAt(int fitsAtBytes)
    {
        int drainAt = Volatile.Read(ref _drainAtBytes);
        while (fitsAtBytes < drainAt)
        {
            int seen = Interlocked.CompareExchange(ref _drainAtBytes, fitsAtBytes, drainAt);
            if (seen == drainAt)
            {
                break;
            }

            drainAt = seen;
        }

        Volatile.Write(ref _drainOwed, OwedToRefused);
    }

    /// <summary>The queue is low: a message of the size that was refused would fit now.</summary>
    public void Readmit() => Interlocked.CompareExchange(ref _drainOwed, Owed, OwedToRefused);

    /// <summary>The drain is being announced: nothing is owed until the next message finds no room.</summary>
    public void TakeDrain(int drainAtBytes)
    {
        Interlocked.Exchange(ref _drainOwed, NotOwed);
        Volatile.Write(ref _drainAtBytes, drainAtBytes);
    }
}
