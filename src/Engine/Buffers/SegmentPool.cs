namespace Engine;

/// <summary>
/// The blocks of one loop: rented while bytes wait for the kernel, returned as it takes them. Loop only, so it needs no lock.
/// After a burst it gives memory back: each <see cref="Trim"/> drops half of what was not needed since the last one.
/// </summary>
internal sealed class SegmentPool
{
    /// <summary>One memory page: small enough that one waiting message a connection stays cheap, large enough that 64 KiB are sixteen vectors of one system call.</summary>
    public const int BlockBytes = 4096;

    private const int MinKeptCount = 16;

    private readonly Stack<Segment> _blocks = new();
    private readonly Stack<Segment> _views = new();
    private int _fewestSinceTrim;

    /// <summary>Segments rented and not yet returned; 0 when nothing waits. Read by other threads for diagnostics only.</summary>
    public int RentedCount { get; private set; }

    /// <summary>Blocks kept for the next renter.</summary>
    public int KeptCount => _blocks.Count;

    public Segment RentBlock()
    {
        RentedCount++;
        if (_blocks.TryPop(out Segment? segment))
        {
            _fewestSinceTrim = Math.Min(_fewestSinceTrim, _blocks.Count);
            segment.IsRented = true;
            return segment;
        }

        // Pinned from birth: the kernel is handed the address without a pin for each call, and the collector never moves it.
        return new Segment(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true)) { IsRented = true };
    }

    /// <summary>A block for a writer that asked for more than <see cref="BlockBytes"/> in one piece; dropped when it comes back.</summary>
    public Segment RentOversized(int lengthBytes)
    {
        RentedCount++;
        return new Segment(GC.AllocateUninitializedArray<byte>(lengthBytes, pinned: true)) { IsRented = true };
    }

    public Segment RentView(SharedSegment shared, int start, int end)
    {
        RentedCount++;
        Segment view = _views.TryPop(out Segment? kept) ? kept : new Segment(block: null);
        try
        {
            view.SetShared(shared, start, end);
        }
        catch
        {
            RentedCount--;
            _views.Push(view);
            throw;
        }

        view.IsRented = true;
        return view;
    }

    /// <exception cref="InvalidOperationException">It came back twice. It is refused in Release too: the next two renters would write into each other's bytes.</exception>
    public void Return(Segment segment)
    {
        if (!segment.IsRented)
        {
            ThrowHelper.ReturnedTwice();
        }

        segment.IsRented = false;
        RentedCount--;
        bool isView = segment.IsShared;
        segment.Reset();
        if (isView)
        {
            _views.Push(segment);
            return;
        }

        if (segment.PinnedBlock!.Length != BlockBytes)
        {
            return;
        }

#if DEBUG
        // A stale byte that is ever sent shows as 0xDD on the wire (CVE-2026-45736).
        segment.PinnedBlock.AsSpan().Fill(0xDD);
#endif
        _blocks.Push(segment);
    }

    /// <summary>Drops half of the blocks that lay unused since the last call; a loop calls it on a timer.</summary>
    public void Trim()
    {
        int unused = Math.Min(_fewestSinceTrim, _blocks.Count - MinKeptCount);
        for (int i = (unused + 1) / 2; i > 0; i--)
        {
            _blocks.Pop();
        }

        if (unused > 0)
        {
            _blocks.TrimExcess();
        }

        while (_views.Count > MinKeptCount)
        {
            _views.Pop();
        }

        _fewestSinceTrim = _blocks.Count;
    }
}
