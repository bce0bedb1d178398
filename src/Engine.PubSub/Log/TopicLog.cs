using System.Diagnostics;

namespace Engine.PubSub;

/// <summary>
/// The messages that a topic keeps, in the order of their offsets, bounded by count, bytes and age. On a latest topic a message takes the place of the earlier
/// one of its key. Under the topic's lock.
/// </summary>
/// <remarks>
/// <see cref="Floor"/> is what makes losses visible: a reader whose offset is below it misses something. A message that was replaced by a newer one of its key
/// does not raise it, because nobody misses that one.
/// </remarks>
internal sealed class TopicLog(TopicOptions options, TimeProvider clock)
{
    private readonly Dictionary<string, ulong>? _keys = options.Kind == TopicKind.Latest ? new Dictionary<string, ulong>(StringComparer.Ordinal) : null;
    private Slot[] _ring = [];
    private int _first;
    private int _count;
    private int _holeCount;
    private int _removalCount;
    private bool _hasForeignOffsets;

    /// <summary>The offset of the newest message; 0 before the first.</summary>
    public ulong Head { get; private set; }

    /// <summary>The offset of the newest message that is no longer kept and was not replaced; 0 when there is none.</summary>
    public ulong Floor { get; private set; }

    /// <summary>Messages kept.</summary>
    public int Count => _count - _holeCount;

    /// <summary>Payloads, keys and overhead of the messages kept.</summary>
    public long LengthBytes { get; private set; }

    /// <summary>Adds a message that has its place, and takes over the caller's reference. False, and no reference taken, when the log has had it.</summary>
    public bool Append(Publication publication)
    {
        ulong offset = publication.Position.Offset;
        if (offset <= Head)
        {
            return false;
        }

        if (publication.PreviousOffset > Head)
        {
            // A broker's message with others before it that never came here: whoever stands before them has missed them.
            Clear();
            Floor = publication.PreviousOffset;
        }

        _hasForeignOffsets |= offset != Head + 1;
        ForgetOld();
        Replace(publication, offset);
        while (Count > 0 && (Count >= options.MaxMessages || LengthBytes + publication.WeightBytes > options.MaxBytes))
        {
            ForgetFirst();
        }

        if (_count == _ring.Length)
        {
            Grow();
        }

        _ring[(_first + _count) & (_ring.Length - 1)] = new Slot(publication, offset, clock.GetTimestamp());
        _count++;
        _removalCount += publication.IsRemoval ? 1 : 0;
        LengthBytes += publication.WeightBytes;
        Head = offset;
        return true;
    }

    /// <summary>
    /// Copies the messages after <paramref name="offset"/> up to and including <paramref name="upTo"/>, as many as fit, each with a reference for the caller.
    /// Returns how many.
    /// </summary>
    public int CopyAfter(ulong offset, ulong upTo, Span<Publication> destination)
    {
        int copied = 0;
        for (int i = IndexAfter(offset); i < _count && copied < destination.Length; i++)
        {
            ref Slot slot = ref At(i);
            if (slot.Offset > upTo)
            {
                break;
            }

            if (slot.Item is { } item)
            {
                item.AddReference();
                destination[copied++] = item;
            }
        }

        return copied;
    }

    /// <summary>Messages kept after <paramref name="offset"/>.</summary>
    public int CountAfter(ulong offset)
    {
        int index = IndexAfter(offset);
        int count = _count - index;
        for (int i = index; _holeCount > 0 && i < _count; i++)
        {
            count -= At(i).Item is null ? 1 : 0;
        }

        return count;
    }

    /// <summary>How many messages a reader at <paramref name="offset"/> has lost; null when the offsets do not say.</summary>
    public long? LostAfter(ulong offset) => HasOwnOffsets ? (long)(Floor - Math.Min(offset, Floor)) : null;

    /// <summary>Whether the offsets count the messages: not those of a broker, and not on a latest topic, where one message makes up for many.</summary>
    public bool HasOwnOffsets => !_hasForeignOffsets && _keys is null;

    /// <summary>Forgets what has grown too old.</summary>
    public void ForgetOld()
    {
        if (options.MaxAge != Timeout.InfiniteTimeSpan)
        {
            while (_count > 0 && (At(0).Item is null || clock.GetElapsedTime(At(0).AppendedAt) > options.MaxAge))
            {
                ForgetFirst();
            }
        }

        if (_removalCount > 0 && options.RemovalAge != Timeout.InfiniteTimeSpan)
        {
            ForgetOldRemovals();
        }
    }

    /// <summary>Forgets the oldest messages until at most <paramref name="maxBytes"/> are kept.</summary>
    public void Shrink(long maxBytes)
    {
        while (_count > 0 && LengthBytes > maxBytes)
        {
            ForgetFirst();
        }
    }

    /// <summary>The offsets are a broker's, which does or does not count by them.</summary>
    public void SetOrigin(bool hasConsecutiveOffsets) => _hasForeignOffsets = !hasConsecutiveOffsets;

    /// <summary>Everything up to an offset is lost. False when the log has, or had, all of it.</summary>
    public bool TryLose(ulong offset)
    {
        if (offset <= Head)
        {
            return false;
        }

        Clear();
        Floor = offset;
        Head = offset;
        return true;
    }

    /// <summary>There is nothing between the newest message and this offset.</summary>
    public void AdvanceTo(ulong offset) => Head = Math.Max(Head, offset);

    /// <summary>Forgets everything.</summary>
    public void Clear() => Shrink(-1);

    private void Replace(Publication publication, ulong offset)
    {
        if (_keys is null)
        {
            return;
        }

        string key = publication.Key ?? "";
        if (_keys.TryGetValue(key, out ulong old))
        {
            TakeOut(IndexAfter(old) - 1);
            TrimHoles();
        }

        _keys[key] = offset;
    }

    private void ForgetOldRemovals()
    {
        for (int i = 0; i < _count && _removalCount > 0; i++)
        {
            Slot slot = At(i);
            if (slot.Item is { IsRemoval: true } && clock.GetElapsedTime(slot.AppendedAt) > options.RemovalAge)
            {
                Floor = Math.Max(Floor, slot.Offset);
                _keys?.Remove(slot.Item.Key ?? "");
                TakeOut(i);
            }
        }

        TrimHoles();
    }

    private void ForgetFirst()
    {
        Slot slot = At(0);
        if (slot.Item is { } item)
        {
            Floor = Math.Max(Floor, slot.Offset);
            if (_keys is not null && _keys.TryGetValue(item.Key ?? "", out ulong newest) && newest == slot.Offset)
            {
                _keys.Remove(item.Key ?? "");
            }

            TakeOut(0);
        }

        DropFirst();
    }

    /// <summary>Lets go of a message and leaves a hole, which keeps the offset for the search.</summary>
    private void TakeOut(int index)
    {
        ref Slot slot = ref At(index);
        Publication item = slot.Item!;
        Debug.Assert(item is not null, "A key points at a message that is kept.");
        slot = slot with { Item = null };
        _holeCount++;
        _removalCount -= item.IsRemoval ? 1 : 0;
        LengthBytes -= item.WeightBytes;
        item.Release();
    }

    private void DropFirst()
    {
        Debug.Assert(At(0).Item is null, "Only a hole is dropped.");
        _first = (_first + 1) & (_ring.Length - 1);
        _count--;
        _holeCount--;
    }

    private void TrimHoles()
    {
        while (_count > 0 && At(0).Item is null)
        {
            DropFirst();
        }

        if (_holeCount > 16 && _holeCount > _count / 2)
        {
            Rebuild(_ring.Length);
        }
    }

    private ref Slot At(int index) => ref _ring[(_first + index) & (_ring.Length - 1)];

    /// <summary>The index of the first message after <paramref name="offset"/>. Offsets without holes are found at once.</summary>
    private int IndexAfter(ulong offset)
    {
        if (_count == 0 || offset < At(0).Offset)
        {
            return 0;
        }

        if (offset >= Head)
        {
            return _count;
        }

        ulong guess = offset - At(0).Offset;
        if (guess < (ulong)_count && At((int)guess).Offset == offset)
        {
            return (int)guess + 1;
        }

        int low = 0;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (At(middle).Offset <= offset)
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

    private void Grow() => Rebuild(_holeCount > _count / 4 ? _ring.Length : Math.Max(8, _ring.Length * 2));

    private void Rebuild(int capacity)
    {
        var ring = new Slot[capacity];
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (At(i).Item is not null)
            {
                ring[kept++] = At(i);
            }
        }

        _ring = ring;
        _first = 0;
        _count = kept;
        _holeCount = 0;
    }

    private readonly record struct Slot(Publication? Item, ulong Offset, long AppendedAt);
}
