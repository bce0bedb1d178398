using System.Buffers;
using System.Diagnostics;

namespace Engine.Sse;

/// <summary>
/// Where one event is formatted. A small one is copied from here into a queue; a large one is shared, so that queues point at the bytes where the formatter
/// has written them, and the buffer goes back to its pool when the last of them has let go. Pooled, so that a steady stream allocates nothing.
/// </summary>
internal sealed class EventBuffer(EventBufferPool pool) : IBufferWriter<byte>
{
    /// <summary>From this size on an event is sent where it stands; below it a copy is cheaper than a reference.</summary>
    public const int MinSharedBytes = 4096;

    private const int OwnBytes = 1024;

    private readonly byte[] _own = new byte[OwnBytes];
    private byte[]? _rented;
    private SharedSegment? _segment;
    private int _length;

    public bool IsLarge => _length >= MinSharedBytes;

    public Span<byte> Span => Current.AsSpan(0, _length);

    public ReadOnlyMemory<byte> Memory => Current.AsMemory(0, _length);

    private byte[] Current => _rented ?? _own;

    /// <summary>
    /// Makes the bytes from <paramref name="offset"/> on a segment, which from now on owns the buffer: its last reference gives the buffer back.
    /// The first reference is the caller's.
    /// </summary>
    public SharedSegment Share(int offset = 0)
    {
        if (_segment is null)
        {
            _segment = SharedSegment.Wrap(Memory[offset..], static state => ((EventBuffer)state!).Return(), this);
        }
        else
        {
            _segment.Renew(Memory[offset..]);
        }

        return _segment;
    }

    /// <summary>
    /// For an event that a log keeps: a large one is shared where it stands, a small one is cut to its size, or a thousand of them would hold a thousand buffers.
    /// The buffer is given back, now or with the last reference.
    /// </summary>
    public SharedSegment ShareOrCopy()
    {
        if (IsLarge)
        {
            return Share();
        }

        SharedSegment copy = SharedSegment.Copy(Span);
        Return();
        return copy;
    }

    /// <summary>Gives the buffer back; not for one that was shared.</summary>
    public void Return() => pool.Return(this);

    public void Clear()
    {
        _length = 0;
        if (_rented is { } rented)
        {
            _rented = null;
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public void Advance(int count)
    {
        Debug.Assert(count <= Current.Length - _length, "Only what was handed out can be advanced.");
        _length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return Current.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return Current.AsSpan(_length);
    }

    private void EnsureRoom(int sizeHint)
    {
        byte[] current = Current;
        int needed = _length + Math.Max(sizeHint, 1);
        if (needed <= current.Length)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, current.Length * 2));
        current.AsSpan(0, _length).CopyTo(larger);
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }

        _rented = larger;
    }
}
