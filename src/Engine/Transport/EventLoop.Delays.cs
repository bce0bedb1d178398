using System.Diagnostics;

namespace Engine;

/// <summary>Those who wait for a few milliseconds: many at once, too short for the wheel's ticks, and started from any thread.</summary>
internal abstract partial class EventLoop
{
    private readonly List<DelayLine> _delayLines = [];

    /// <summary>The line of those who wait so long, made on first use. Loop only.</summary>
    public DelayLine DelayLineOf(int delayMilliseconds)
    {
        DelayLine? line = _delayLines.Find(known => known.DelayMilliseconds == delayMilliseconds);
        if (line is null)
        {
            line = new DelayLine(delayMilliseconds);
            _delayLines.Add(line);
        }

        return line;
    }

    /// <summary>Calls <see cref="IDelayed.OnDelayPassed"/> when the line's delay has passed. Any thread; one wake-up for all who join while somebody waits.</summary>
    public void Delay(DelayLine line, IDelayed member)
    {
        if (line.Add(member, ReadFineClock()) && !IsCurrent)
        {
            Post(static _ => { }, null);
        }
    }

    /// <summary>Milliseconds of a clock that does not move in steps of several, as the other may. For delays only. Any thread.</summary>
    private protected virtual long ReadFineClock() => (long)Stopwatch.GetElapsedTime(0).TotalMilliseconds;

    private void RaiseDelayed()
    {
        foreach (DelayLine line in _delayLines)
        {
            if (line.IsEmpty)
            {
                continue;
            }

            long now = ReadFineClock();
            while (line.TryTakeDue(now, out IDelayed? member))
            {
                try
                {
                    member.OnDelayPassed();
                }
                catch (Exception exception)
                {
                    Fault(member, exception);
                }

                RestoreThread();
            }
        }
    }

    private int MillisecondsToDelayed()
    {
        int wait = -1;
        foreach (DelayLine line in _delayLines)
        {
            wait = Sooner(wait, line.MillisecondsToNext(ReadFineClock()));
        }

        return wait;
    }
}
