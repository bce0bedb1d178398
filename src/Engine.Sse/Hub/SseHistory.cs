using System.Diagnostics;

namespace Engine.Sse;

/// <summary>The last events of a channel in memory, bounded by count, bytes and age. The oldest are forgotten first. Not for several threads at once.</summary>
public sealed class SseHistory : ISseHistory
{
    private readonly int _maxEvents;
    private readonly long _maxBytes;
    private readonly TimeSpan _maxAge;
    private readonly TimeProvider _clock;
    private Entry[] _ring = [];
    private int _first;
    private int _count;
    private long _lastForgotten = -1;

    /// <param name="maxEvents">Events remembered at most, 1 or more.</param>
    /// <param name="maxBytes">Formatted bytes remembered at most. An event larger than this is never remembered, and nothing before it either.</param>
    /// <param name="maxAge">How long an event is remembered; <see cref="Timeout.InfiniteTimeSpan"/> sets no bound.</param>
    /// <param name="clock">Tells the age; the system's by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is below its least value.</exception>
    public SseHistory(int maxEvents = 1000, long maxBytes = 1 << 20, TimeSpan? maxAge = null, TimeProvider? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEvents, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        TimeSpan age = maxAge ?? Timeout.InfiniteTimeSpan;
        if (age <= TimeSpan.Zero && age != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(maxAge));
        }

        _maxEvents = maxEvents;
        _maxBytes = maxBytes;
        _maxAge = age;
        _clock = clock ?? TimeProvider.System;
    }

    /// <summary>Events remembered now, those that have grown too old not yet taken off.</summary>
    public int Count => _count;

    /// <summary>Formatted bytes of the events remembered now.</summary>
    public long LengthBytes { get; private set; }

    /// <inheritdoc/>
    public bool IsEmpty
    {
        get
        {
            ForgetOld();
            return _count == 0;
        }
    }

    /// <inheritdoc/>
    public void Append(long sequence, SharedSegment prepared)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        Debug.Assert(_count == 0 || At(_count - 1).Sequence < sequence, "Sequences rise.");
        ForgetOld();
        int length = prepared.Memory.Length;
        while (_count > 0 && (_count >= _maxEvents || LengthBytes + length > _maxBytes))
        {
            ForgetFirst();
        }

        if (length > _maxBytes)
        {
            _lastForgotten = sequence;
            return;
        }

        if (_count == _ring.Length)
        {
            Grow();
        }

        prepared.AddReference();
        _ring[(_first + _count) % _ring.Length] = new Entry(sequence, prepared, length, _clock.GetTimestamp());
        _count++;
        LengthBytes += length;
    }

    /// <inheritdoc/>
    public bool TryReadAfter(long sequence, int maxEvents, ICollection<SseHistoryEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ForgetOld();
        for (int i = FindBehind(sequence); i < _count && maxEvents > 0; i++, maxEvents--)
        {
            ref Entry entry = ref At(i);
            entry.Prepared.AddReference();
            entries.Add(new SseHistoryEntry(entry.Sequence, entry.Prepared));
        }

        return _lastForgotten <= sequence;
    }

    /// <inheritdoc/>
    public void Clear()
    {
        while (_count > 0)
        {
            ForgetFirst();
        }

        _ring = [];
        _first = 0;
    }

    private ref Entry At(int index) => ref _ring[(_first + index) % _ring.Length];

    private int FindBehind(long sequence)
    {
        int low = 0;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (At(middle).Sequence <= sequence)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private void ForgetOld()
    {
        if (_maxAge == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        while (_count > 0 && _clock.GetElapsedTime(At(0).Timestamp) > _maxAge)
        {
            ForgetFirst();
        }
    }

    private void ForgetFirst()
    {
        Entry entry = At(0);
        At(0) = default;
        _first = (_first + 1) % _ring.Length;
        _count--;
        LengthBytes -= entry.LengthBytes;
        _lastForgotten = entry.Sequence;
        entry.Prepared.Release();
    }

    private void Grow()
    {
        var larger = new Entry[Math.Max(16, _ring.Length * 2)];
        for (int i = 0; i < _count; i++)
        {
            larger[i] = At(i);
        }

        _ring = larger;
        _first = 0;
    }

    private readonly record struct Entry(long Sequence, SharedSegment Prepared, int LengthBytes, long Timestamp);
}
