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

    private SendHold _hold;

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
        get => TimeSpan.FromMilliseconds(_hold.Line?.DelayMilliseconds ?? 0);
        set
        {
            CheckLoop();
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxCoalescingInterval);
            _hold.SetLine(value == TimeSpan.Zero ? null : _loop.DelayLineOf((int)Math.Ceiling(value.TotalMilliseconds)));
            if (_flush == FlushState.Held && value == TimeSpan.Zero)
            {
                Written();
            }
            else if (_flush == FlushState.Held && _hold.Line is { } line)
            {
                // What waits already waits no longer than what comes from now on.
                _loop.Delay(line, this);
            }
        }
    }

    private int HeldLimitBytes => Math.Min(MaxHeldBytes, _options.LowWaterBytes);

    void IDelayed.OnDelayPassed()
    {
        _hold.WaitIsOver();
        if (State == ConnectionState.Open && _foreign.IsEmpty)
        {
            // At once, while the connection is in the processor's cache: thousands may have waited equally long.
            _flush.Write();
            EndEvent();
        }
        else
        {
            FlushAtTurnEnd();
        }
    }

    /// <summary>A message stands in the queue: it leaves with the turn, or with the others of its interval.</summary>
    private void MessageWritten()
    {
        if (_hold.Line is { } line && TryHold())
        {
            SignalDelayed(line);
        }
        else
        {
            Written();
        }
    }

    /// <summary>
    /// A message of another thread stands in the queue; whoever adopts it sees to the turn's end. That thread has signalled, but a flush for those before it may
    /// have taken the signal's place: what is held has its place in the line.
    /// </summary>
    private void ForeignMessageWritten()
    {
        if (_hold.Line is { } line && TryHold())
        {
            SignalDelayed(line);
        }
        else
        {
            _flush.Write();
        }
    }

    /// <summary>Whether the queue holds nothing but messages that may wait, and not too many.</summary>
    private bool TryHold() => _queue.LengthBytes < HeldLimitBytes && _flush.WriteHeld();

    /// <summary>One place in the line for any number of messages of an interval. Any thread.</summary>
    private void SignalDelayed(DelayLine line)
    {
        if (_hold.TryWait())
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

        _flush.Write();
        AskForTurnEnd();
    }
}
