using System.Buffers;
using System.Diagnostics;

namespace Engine;

/// <summary>
/// Bytes owed to the kernel, in order, as a chain of segments. Loop only. It holds no memory while it is empty.
/// As an <see cref="IBufferWriter{T}"/> it lets encoders write straight into its tail; <see cref="Connection"/> counts what they advance.
/// </summary>
internal sealed class OutboundQueue
{
    /// <summary>From this size on a shared payload is sent by reference; below it a copy into the tail is cheaper than one more vector.</summary>
    public const int MinViewBytes = 2048;

    private readonly SegmentPool _pool;
    private MessageLengths? _messages;
    private Segment? _head;
    private Segment? _tail;

    /// <param name="pool">The loop's blocks.</param>
    /// <param name="trackMessages">Whether message borders are remembered, which only <see cref="DropOldest"/> needs.</param>
    public OutboundQueue(SegmentPool pool, bool trackMessages)
    {
        _pool = pool;
        _messages = trackMessages ? new MessageLengths() : null;
    }

    /// <summary>Remembers message borders from now on; what is inside goes out.</summary>
    public void TrackMessages()
    {
        if (_messages is not null)
        {
            return;
        }

        _messages = new MessageLengths();
        if (LengthBytes > 0)
        {
            _messages.AddKept(LengthBytes);
        }
    }

    public Segment? Head => _head;

    public int LengthBytes { get; private set; }

    public bool IsEmpty => LengthBytes == 0;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        LengthBytes += bytes.Length;
        while (!bytes.IsEmpty)
        {
            Segment tail = TailWithRoom(1);
            int count = Math.Min(tail.FreeBytes, bytes.Length);
            bytes[..count].CopyTo(tail.FreeSpan);
            tail.Append(count);
            bytes = bytes[count..];
        }
    }

    /// <summary>
    /// Appends a message in parts: in one step when the tail has room for all of it, as it nearly always has. With <paramref name="shared"/> the payload is its
    /// bytes, and goes by reference when it is long enough.
    /// </summary>
    public void Append(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, SharedSegment? shared, ReadOnlySpan<byte> suffix)
    {
        if (shared is not null && payload.Length >= MinViewBytes)
        {
            // Rented first: a payload that was released meanwhile throws before anything is appended.
            Segment view = _pool.RentView(shared, 0, payload.Length);
            Append(prefix);
            Link(view);
            LengthBytes += payload.Length;
            Append(suffix);
            return;
        }

        int length = prefix.Length + payload.Length + suffix.Length;
        if (length == 0)
        {
            return;
        }

        Segment tail = TailWithRoom(1);
        if (length > tail.FreeBytes)
        {
            Append(prefix);
            Append(payload);
            Append(suffix);
            return;
        }

        Span<byte> free = tail.FreeSpan;
        prefix.CopyTo(free);
        payload.CopyTo(free[prefix.Length..]);
        suffix.CopyTo(free[(prefix.Length + payload.Length)..]);
        tail.Append(length);
        LengthBytes += length;
    }

    public void Append(SharedSegment shared) => Append(shared, 0, shared.Memory.Length);

    /// <summary>Appends a part of what is shared; by reference when it is long enough.</summary>
    public void Append(SharedSegment shared, int start, int lengthBytes)
    {
        if (lengthBytes < MinViewBytes)
        {
            Append(shared.Memory.Span.Slice(start, lengthBytes));
            return;
        }

        LengthBytes += lengthBytes;
        Link(_pool.RentView(shared, start, start + lengthBytes));
    }

    public Memory<byte> GetMemory(int sizeHint) => TailWithRoom(Math.Max(sizeHint, 1)).FreeMemory;

    public Span<byte> GetSpan(int sizeHint) => TailWithRoom(Math.Max(sizeHint, 1)).FreeSpan;

    public void Advance(int count)
    {
        if (count == 0)
        {
            return;
        }

        if (_tail is null || (uint)count > (uint)_tail.FreeBytes)
        {
            ThrowHelper.AdvancedTooFar();
        }

        _tail!.Append(count);
        LengthBytes += count;
    }

    /// <summary>Says that the bytes just appended are one whole message, which <see cref="DropOldest"/> may remove.</summary>
    public void MarkDroppable(int lengthBytes) => _messages?.AddDroppable(lengthBytes);

    /// <summary>Says that the bytes just appended must go out.</summary>
    public void MarkKept(int lengthBytes) => _messages?.AddKept(lengthBytes);

    /// <summary>The kernel took so many bytes from the front: their segments go back to the pool.</summary>
    public void Consume(int count)
    {
        Debug.Assert(count >= 0 && count <= LengthBytes, "The kernel cannot take more than was queued.");
        LengthBytes -= count;
        _messages?.Consume(count);
        while (_head is { } head)
        {
            int taken = Math.Min(count, head.LengthBytes);
            head.Consume(taken);
            count -= taken;
            if (head.LengthBytes > 0)
            {
                return;
            }

            _head = head.Next;
            _pool.Return(head);
        }

        _tail = null;
        Debug.Assert(LengthBytes == 0, "An empty chain holds no bytes.");
    }

    /// <summary>
    /// Removes the oldest whole message that has not begun to leave, that is, that lies behind the first <paramref name="keepBytes"/> bytes.
    /// Answers its length, or 0 when there is none.
    /// </summary>
    public int DropOldest(int keepBytes)
    {
        if (_messages is null || !_messages.TryRemoveFirstBehind(keepBytes, out int offset, out int length))
        {
            return 0;
        }

        RemoveRange(offset, length);
        return length;
    }

    public void Clear()
    {
        while (_head is not null)
        {
            Segment segment = _head;
            _head = segment.Next;
            _pool.Return(segment);
        }

        _tail = null;
        LengthBytes = 0;
        _messages?.Clear();
    }

    private Segment TailWithRoom(int sizeHint)
    {
        Segment? tail = _tail;
        if (tail is not null && tail.FreeBytes >= sizeHint)
        {
            return tail;
        }

        tail = sizeHint <= SegmentPool.BlockBytes ? _pool.RentBlock() : _pool.RentOversized(sizeHint);
        Link(tail);
        return tail;
    }

    private void Link(Segment segment)
    {
        if (_tail is null)
        {
            _head = segment;
        }
        else
        {
            _tail.Next = segment;
        }

        _tail = segment;
    }

    /// <summary>Cuts a range out of the middle of the chain: at most one segment at each border is split, by copying the shorter end.</summary>
    private void RemoveRange(int offset, int length)
    {
        LengthBytes -= length;
        Segment? previous = null;
        Segment? segment = _head;
        while (segment is not null && offset >= segment.LengthBytes)
        {
            offset -= segment.LengthBytes;
            previous = segment;
            segment = segment.Next;
        }

        while (segment is not null && length > 0)
        {
            int inSegment = Math.Min(length, segment.LengthBytes - offset);
            length -= inSegment;
            int behind = segment.LengthBytes - offset - inSegment;
            if (behind > 0)
            {
                CutInside(segment, offset, inSegment, behind);
                return;
            }

            if (offset > 0)
            {
                segment.Truncate(offset);
                offset = 0;
                previous = segment;
                segment = segment.Next;
                continue;
            }

            Segment? next = segment.Next;
            if (previous is null)
            {
                _head = next;
            }
            else
            {
                previous.Next = next;
            }

            if (ReferenceEquals(_tail, segment))
            {
                _tail = previous;
            }

            _pool.Return(segment);
            segment = next;
        }
    }

    private void CutInside(Segment segment, int offset, int length, int behind)
    {
        if (offset == 0)
        {
            segment.Consume(length);
            return;
        }

        // The bytes behind the hole move to a segment of their own; what stands before it stays where the kernel may be reading it.
        Segment rest;
        if (segment.Shared is { } shared)
        {
            int start = segment.Start + offset + length;
            rest = _pool.RentView(shared, start, start + behind);
        }
        else
        {
            rest = behind <= SegmentPool.BlockBytes ? _pool.RentBlock() : _pool.RentOversized(behind);
            segment.PendingSpan.Slice(offset + length, behind).CopyTo(rest.FreeSpan);
            rest.Append(behind);
        }

        segment.Truncate(offset);
        rest.Next = segment.Next;
        segment.Next = rest;
        if (ReferenceEquals(_tail, segment))
        {
            _tail = rest;
        }
    }
}
