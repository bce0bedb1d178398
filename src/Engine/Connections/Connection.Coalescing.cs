namespace Engine;

/// <summary>
/// Messages that may wait a moment for others, to leave with them in one send. They are appended and counted as ever; only the flush is held, until the
/// interval ends, the queue reaches the held limit, or anything else is written or asked for that must not wait.
/// </summary>
public sealed partial class Connection : IDelayed
{
    /// <summary>More than this is worth a send of its own. Never above the low-water mark, so that what is held is no pressure to anybody.</summary>
    private const int MaxHeldBytes = 16_384;

    private static readonly TimeSpan MaxCoalescingInterval = TimeSpan.FromSeconds(1);

    private DelayLine? _coalescing;
    private int _delaySignalled;
    private bool _isHeld;
    private bool _flushDue;

    /// <summary>
    /// How long messages accepted by <c>TrySend</c> and <c>SendAsync</c> may wait for others before one send takes them all; zero, the default, sends with the
    /// turn. At most one second, in whole milliseconds, up to one more than asked for. It costs up to 16 KB of queue a connection while they wait.
    /// Loop only to set, any thread to read; a shorter interval holds for what waits already; zero flushes held messages. Sends of any thread keep their order and their status:
    /// what is held counts in <see cref="BufferedBytes"/> but stays below every mark. A close, a control message, <see cref="Output"/>, <see cref="FlushOutput"/>
    /// and 16 KB in the queue do not wait.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The interval is negative or longer than a second.</exception>
    public TimeSpan CoalescingInterval
    {
        get => TimeSpan.FromMilliseconds(Volatile.Read(ref _coalescing)?.DelayMilliseconds ?? 0);
        set
        {
            CheckLoop();
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxCoalescingInterval);
            Volatile.Write(ref _coalescing, value == TimeSpan.Zero ? null : _loop.DelayLineOf((int)Math.Ceiling(value.TotalMilliseconds)));
            if (_isHeld && value == TimeSpan.Zero)
            {
                Written();
            }
            else if (_isHeld && _coalescing is { } line)
            {
                // What waits already waits no longer than what comes from now on.
                _loop.Delay(line, this);
            }
        }
    }

    private int HeldLimitBytes => Math.Min(MaxHeldBytes, _host.Options.LowWaterBytes);

    void IDelayed.OnDelayPassed()
    {
        Interlocked.Exchange(ref _delaySignalled, 0);
        FlushAtTurnEnd();
    }

    /// <summary>A message stands in the queue: it leaves with the turn, or with the others of its interval.</summary>
    private void MessageWritten(int lengthBytes)
    {
        if (_coalescing is { } line && TryHold(lengthBytes))
        {
            SignalDelayed(line);
        }
        else
        {
            Written();
        }
    }

    /// <summary>The same for a message that another thread sent, and has signalled one way or the other.</summary>
    private void ForeignMessageWritten(int lengthBytes)
    {
        if (_coalescing is null || !TryHold(lengthBytes))
        {
            Written();
        }
    }

    /// <summary>Whether the queue holds nothing but messages that may wait. The first one in an empty queue begins to hold; bytes that must leave end it.</summary>
    private bool TryHold(int lengthBytes)
    {
        _isHeld |= _queue.LengthBytes == lengthBytes && !_flushPending;
        return _isHeld && _queue.LengthBytes < HeldLimitBytes;
    }

    /// <summary>One place in the line for any number of messages of an interval. Any thread.</summary>
    private void SignalDelayed(DelayLine line)
    {
        if (Interlocked.Exchange(ref _delaySignalled, 1) == 0)
        {
            _loop.Delay(line, this);
        }
    }

    /// <summary>After a signal: whatever it was for, what is there leaves with this turn.</summary>
    private void FlushAtTurnEnd()
    {
        if (State == ConnectionState.Closed)
        {
            DiscardForeignSends();
            return;
        }

        _flushDue = true;
        AskForTurnEnd();
    }
}
