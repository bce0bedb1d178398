using System.Diagnostics;

namespace Engine;

/// <summary>
/// One link of an outbound queue: either a block of its own that is filled from the front, or a view of bytes that others share.
/// Loop only. A segment is moved, never shared: whoever hands it on forgets it.
/// </summary>
internal sealed class Segment
{
    private readonly byte[]? _block;
    private SharedSegment? _shared;

    /// <summary>A segment with a pinned block of its own, or, with null, an empty view for <see cref="SetShared"/>.</summary>
    public Segment(byte[]? block) => _block = block;

    public Segment? Next { get; set; }

    /// <summary>Whether somebody has rented it. Kept by the pool, which takes back only what it gave out.</summary>
    public bool IsRented { get; set; }

    /// <summary>Index of the first byte that the kernel has not taken.</summary>
    public int Start { get; private set; }

    /// <summary>Index after the last byte to send.</summary>
    public int End { get; private set; }

    public int LengthBytes => End - Start;

    public bool IsShared => _block is null;

    /// <summary>Bytes that can still be appended in place; a view has none.</summary>
    public int FreeBytes => _block is null ? 0 : _block.Length - End;

    /// <summary>The pinned block, when this segment has one: its address is stable, so a transport may pass it to the kernel as it is.</summary>
    public byte[]? PinnedBlock => _block;

    public ReadOnlyMemory<byte> Pending => _block is null ? _shared!.Memory[Start..End] : _block.AsMemory(Start, End - Start);

    public ReadOnlySpan<byte> PendingSpan => _block is null ? _shared!.Memory.Span[Start..End] : _block.AsSpan(Start, End - Start);

    public Span<byte> FreeSpan => _block.AsSpan(End);

    public Memory<byte> FreeMemory => _block.AsMemory(End);

    public void Append(int lengthBytes)
    {
        Debug.Assert(lengthBytes >= 0 && lengthBytes <= FreeBytes, "Only free bytes of the block can be appended.");
        End += lengthBytes;
    }

    public void Consume(int lengthBytes)
    {
        Debug.Assert(lengthBytes >= 0 && lengthBytes <= LengthBytes, "Only pending bytes can be consumed.");
        Start += lengthBytes;
    }

    public void Truncate(int lengthBytes)
    {
        Debug.Assert(lengthBytes >= 0 && lengthBytes <= LengthBytes, "Truncation only shortens.");
        End = Start + lengthBytes;
    }

    /// <summary>Makes the segment a view; it takes a reference of its own.</summary>
    public void SetShared(SharedSegment shared, int start, int end)
    {
        Debug.Assert(_block is null && _shared is null, "A view is set once between two returns to the pool.");
        shared.Hold();
        _shared = shared;
        Start = start;
        End = end;
    }

    public SharedSegment? Shared => _shared;

    /// <summary>Forgets everything that it points at, as the pool needs it.</summary>
    public void Reset()
    {
        _shared?.LetGo();
        _shared = null;
        Next = null;
        Start = 0;
        End = 0;
    }
}
