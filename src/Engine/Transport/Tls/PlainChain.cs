namespace Engine;

/// <summary>A place in the connection's chain of plain bytes, which itself stays as it is until the kernel has the records.</summary>
internal ref struct PlainChain
{
    private Segment? _segment;
    private int _offset;

    public PlainChain(Segment head)
    {
        _segment = head;
        Skip();
    }

    public readonly bool IsEmpty => _segment is null;

    /// <summary>Returns the next bytes in place, if they fill a record or are the last ones; otherwise nothing.</summary>
    public ReadOnlyMemory<byte> TakeWhole(int maxBytes)
    {
        Segment segment = _segment!;
        int left = segment.LengthBytes - _offset;
        if (left < maxBytes && segment.Next is not null)
        {
            return default;
        }

        int count = Math.Min(left, maxBytes);
        ReadOnlyMemory<byte> taken = segment.Pending.Slice(_offset, count);
        _offset += count;
        Skip();
        return taken;
    }

    /// <summary>Copies out of as many segments as it takes. Returns the number of bytes copied.</summary>
    public int Gather(Span<byte> target)
    {
        int total = 0;
        while (_segment is { } segment && total < target.Length)
        {
            int count = Math.Min(segment.LengthBytes - _offset, target.Length - total);
            segment.PendingSpan.Slice(_offset, count).CopyTo(target[total..]);
            total += count;
            _offset += count;
            Skip();
        }

        return total;
    }

    private void Skip()
    {
        while (_segment is { } segment && _offset == segment.LengthBytes)
        {
            _segment = segment.Next;
            _offset = 0;
        }
    }
}
