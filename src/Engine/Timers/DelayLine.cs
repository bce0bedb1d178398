using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Engine;

/// <summary>What a <see cref="DelayLine"/> calls when the time has come. Loop only.</summary>
internal interface IDelayed
{
    /// <summary>The delay has passed since this was added.</summary>
    void OnDelayPassed();
}

/// <summary>
/// Those who all wait equally long: first come, first due, so a queue is enough. It costs no timer of anybody's own, and one wake-up serves all who are due
/// within the same millisecond. <see cref="Add"/> from any thread, the rest loop only.
/// </summary>
/// <param name="delayMilliseconds">How long each waits at least; at most a millisecond more, and what the loop is busy for.</param>
internal sealed class DelayLine(int delayMilliseconds)
{
    private readonly ConcurrentQueue<Entry> _entries = new();

    // The first of the line, taken out: peeking into the queue would keep it from using its memory again.
    private Entry _first;
    private bool _hasFirst;
    private int _isWatched;

    public int DelayMilliseconds => delayMilliseconds;

    /// <summary>Whether nobody waits.</summary>
    public bool IsEmpty => !_hasFirst && _entries.IsEmpty;

    /// <summary>Joins the line. True when the loop may be asleep without a thought of this line, and has to be woken: once for many.</summary>
    public bool Add(IDelayed member, long nowMilliseconds)
    {
        // One more than the delay, because the clock has cut off the part of a millisecond: whoever asks for 10 waits for 10 to 11.
        _entries.Enqueue(new Entry(member, nowMilliseconds + delayMilliseconds + 1));

        // Pairs with the exchange in MillisecondsToNext: either this sees that nobody watches, or the loop sees the entry.
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _isWatched) == 0 && Interlocked.Exchange(ref _isWatched, 1) == 0;
    }

    /// <summary>Takes the first out if it is due.</summary>
    public bool TryTakeDue(long nowMilliseconds, [MaybeNullWhen(false)] out IDelayed member)
    {
        if (!HasFirst() || _first.DueMilliseconds > nowMilliseconds)
        {
            member = null;
            return false;
        }

        member = _first.Member;
        _first = default;
        _hasFirst = false;
        return true;
    }

    /// <summary>Milliseconds until the first is due; -1 when the line is empty, and then whoever adds next is told to wake the loop.</summary>
    public int MillisecondsToNext(long nowMilliseconds)
    {
        if (!HasFirst())
        {
            Interlocked.Exchange(ref _isWatched, 0);
            if (!HasFirst())
            {
                return -1;
            }
        }

        Volatile.Write(ref _isWatched, 1);
        return (int)Math.Clamp(_first.DueMilliseconds - nowMilliseconds, 0, delayMilliseconds + 1);
    }

    private bool HasFirst() => _hasFirst || (_hasFirst = _entries.TryDequeue(out _first));

    private readonly record struct Entry(IDelayed Member, long DueMilliseconds);
}
