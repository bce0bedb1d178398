namespace Engine;

/// <summary>
/// Chooses the loop of the next connection: the one with the fewest, the next in turn among equals. So two connections on two loops are one each,
/// where the kernel's own spreading by port hash gives both to one loop half of the time.
/// </summary>
internal sealed class LoopDealer(IReadOnlyList<EventLoop> loops)
{
    private int _turn;

    /// <summary>Any thread; two acceptors at once may pick the same loop, which the next picks even out.</summary>
    public EventLoop Next()
    {
        int start = (Interlocked.Increment(ref _turn) & int.MaxValue) % loops.Count;
        EventLoop best = loops[start];
        int least = best.Load;
        for (int i = 1; i < loops.Count && least > 0; i++)
        {
            EventLoop loop = loops[(start + i) % loops.Count];
            if (loop.Load < least)
            {
                best = loop;
                least = loop.Load;
            }
        }

        return best;
    }
}
