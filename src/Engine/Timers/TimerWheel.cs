using System.Diagnostics;
using System.Numerics;

namespace Engine;

/// <summary>
/// The deadlines of one loop: one for each connection slot, in a ring of ticks. Loop only.
/// Setting, moving and cancelling cost O(1) and allocate nothing; memory is 16 bytes a slot, whether or not a deadline runs.
/// A deadline farther away than the ring is long stays in its place and is passed over until its round comes.
/// </summary>
internal sealed class TimerWheel
{
    /// <summary>Granularity: deadlines fire up to one tick late, never early.</summary>
    public const int TickMilliseconds = 64;

    private const int PlaceCount = 512;
    private const int PlaceMask = PlaceCount - 1;
    private const int None = -1;

    private readonly int[] _firstOfPlace = new int[PlaceCount];
    private readonly ulong[] _occupied = new ulong[PlaceCount / 64];
    private Entry[] _entries = [];
    private long _currentTick;

    public TimerWheel(long nowMilliseconds)
    {
        Array.Fill(_firstOfPlace, None);
        _currentTick = nowMilliseconds / TickMilliseconds;
    }

    /// <summary>Deadlines that run.</summary>
    public int Count { get; private set; }

    /// <summary>Makes room for slots 0 to <paramref name="slotCount"/> - 1.</summary>
    public void EnsureSlots(int slotCount)
    {
        int old = _entries.Length;
        if (slotCount <= old)
        {
            return;
        }

        Array.Resize(ref _entries, slotCount);
        for (int i = old; i < slotCount; i++)
        {
            _entries[i].DueTick = None;
        }
    }

    /// <summary>Sets or moves the deadline of a slot to a point of the loop's clock.</summary>
    public void Set(int slotIndex, long dueMilliseconds)
    {
        // Rounded up, so that nothing fires early; never in the current tick, which may be in the middle of being swept.
        long dueTick = Math.Max((dueMilliseconds + TickMilliseconds - 1) / TickMilliseconds, _currentTick + 1);
        ref Entry entry = ref _entries[slotIndex];
        if (entry.DueTick == dueTick)
        {
            return;
        }

        if (entry.DueTick != None)
        {
            Unlink(slotIndex);
        }

        int place = (int)(dueTick & PlaceMask);
        entry.DueTick = dueTick;
        entry.Previous = None;
        entry.Next = _firstOfPlace[place];
        if (entry.Next != None)
        {
            _entries[entry.Next].Previous = slotIndex;
        }

        _firstOfPlace[place] = slotIndex;
        _occupied[place >> 6] |= 1UL << (place & 63);
        Count++;
    }

    public void Cancel(int slotIndex)
    {
        if (_entries[slotIndex].DueTick != None)
        {
            Unlink(slotIndex);
        }
    }

    /// <summary>Whether <see cref="Advance"/> may find a deadline that has passed: a place that holds some has come round.</summary>
    public bool IsDue(long nowMilliseconds) => Count > 0 && nowMilliseconds / TickMilliseconds > _currentTick && MillisecondsToNext(nowMilliseconds) == 0;

    /// <summary>Moves the clock on and appends the slots whose deadline has passed to <paramref name="due"/>; their deadlines no longer run.</summary>
    public void Advance(long nowMilliseconds, List<int> due)
    {
        long nowTick = nowMilliseconds / TickMilliseconds;
        if (nowTick <= _currentTick)
        {
            return;
        }

        if (Count > 0)
        {
            // After a long sleep one round visits every place once; more rounds would find nothing else.
            long firstTick = Math.Max(_currentTick + 1, nowTick - PlaceCount + 1);
            for (long tick = firstTick; tick <= nowTick; tick++)
            {
                Sweep((int)(tick & PlaceMask), nowTick, due);
            }
        }

        _currentTick = nowTick;
    }

    /// <summary>Milliseconds until the next place that holds a deadline comes round; -1 when none runs.</summary>
    public int MillisecondsToNext(long nowMilliseconds)
    {
        if (Count == 0)
        {
            return -1;
        }

        int start = (int)((_currentTick + 1) & PlaceMask);
        int distance = DistanceToOccupied(start);
        long dueMilliseconds = (_currentTick + 1 + distance) * TickMilliseconds;
        return (int)Math.Max(dueMilliseconds - nowMilliseconds, 0);
    }

    private int DistanceToOccupied(int start)
    {
        int word = start >> 6;
        ulong bits = _occupied[word] & (ulong.MaxValue << (start & 63));
        for (int i = 0; i <= _occupied.Length; i++)
        {
            if (bits != 0)
            {
                int place = (word << 6) + BitOperations.TrailingZeroCount(bits);
                return (place - start + PlaceCount) & PlaceMask;
            }

            word = (word + 1) % _occupied.Length;
            bits = _occupied[word];
        }

        return 0;
    }

    private void Sweep(int place, long nowTick, List<int> due)
    {
        int slotIndex = _firstOfPlace[place];
        while (slotIndex != None)
        {
            int next = _entries[slotIndex].Next;
            if (_entries[slotIndex].DueTick <= nowTick)
            {
                Unlink(slotIndex);
                due.Add(slotIndex);
            }

            slotIndex = next;
        }
    }

    private void Unlink(int slotIndex)
    {
        ref Entry entry = ref _entries[slotIndex];
        Debug.Assert(entry.DueTick != None, "Only a running deadline can be taken out of its place.");
        int place = (int)(entry.DueTick & PlaceMask);
        if (entry.Previous != None)
        {
            _entries[entry.Previous].Next = entry.Next;
        }
        else
        {
            _firstOfPlace[place] = entry.Next;
            if (entry.Next == None)
            {
                _occupied[place >> 6] &= ~(1UL << (place & 63));
            }
        }

        if (entry.Next != None)
        {
            _entries[entry.Next].Previous = entry.Previous;
        }

        entry.DueTick = None;
        Count--;
    }

    private struct Entry
    {
        public long DueTick;
        public int Previous;
        public int Next;
    }
}
