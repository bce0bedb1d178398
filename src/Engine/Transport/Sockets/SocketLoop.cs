namespace Engine;

/// <summary>
/// A loop over the runtime's sockets. Their completions come in on the runtime's threads and are posted here, so the loop only waits for work.
/// </summary>
internal sealed class SocketLoop(int index) : EventLoop(index)
{
    /// <summary>What one read takes at most: it bounds how long one busy peer keeps the others waiting.</summary>
    private const int ScratchBytes = 65_536;

    private readonly object _gate = new();
    private bool _signalled;

    /// <summary>The receive buffer of whichever connection reads right now: a connection owns none.</summary>
    public byte[] Scratch { get; } = GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);

    protected override bool Poll(int timeoutMilliseconds)
    {
        lock (_gate)
        {
            if (timeoutMilliseconds != 0 && !_signalled)
            {
                Monitor.Wait(_gate, timeoutMilliseconds);
            }

            _signalled = false;
        }

        BeginTurn();

        // Completions are posted work: what came meanwhile waits there.
        return HasPostedWork;
    }

    protected override void OpenBackEnd()
    {
    }

    protected override void Wake()
    {
        lock (_gate)
        {
            _signalled = true;
            Monitor.Pulse(_gate);
        }
    }

    protected override void CloseBackEnd()
    {
    }
}
