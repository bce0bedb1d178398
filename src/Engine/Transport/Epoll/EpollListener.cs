using System.Net.Sockets;

namespace Engine;

/// <summary>One listening socket on the loop that accepts. No error of an accept ends it.</summary>
internal sealed class EpollListener(Socket socket, EpollTransport transport, ITransportHost host, int maxAcceptsPerSecond)
{
    /// <summary>Accepts a turn, so that a flood of connections does not keep the loop from those it has.</summary>
    private const int MaxAcceptsPerTurn = 64;

    private const int BackOffMilliseconds = 100;

    private readonly AcceptGate _gate = new(maxAcceptsPerSecond);
    private readonly int _descriptor = (int)socket.SafeHandle.DangerousGetHandle();
    private EpollLoop? _loop;
    private int _reserve = -1;
    private bool _closed;

    /// <summary>Begins to accept. Loop only.</summary>
    public void Start(EpollLoop loop)
    {
        _loop = loop;
        _reserve = Libc.OpenReserve();
        if (!loop.Add(this, _descriptor))
        {
            host.OnAcceptFailed("The listener could not be watched.");
        }
    }

    /// <summary>Closes the socket. On the loop, or before it has started.</summary>
    public void Close()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        socket.Dispose();
        if (_reserve >= 0)
        {
            _ = Libc.Close(_reserve);
            _reserve = -1;
        }
    }

    public void OnReadable()
    {
        for (int i = 0; i < MaxAcceptsPerTurn && !_closed; i++)
        {
            int wait = _gate.TryTake(_loop!.NowMilliseconds);
            if (wait > 0)
            {
                PauseFor(wait);
                return;
            }

            int accepted = Libc.Accept(_descriptor, out PeerAddress peer);
            if (accepted >= 0)
            {
                transport.Deal(accepted, peer, host);
                continue;
            }

            int error = _loop.Errno;
            _gate.PutBack();
            switch (error)
            {
                case Libc.Again:
                    return;
                case Libc.Interrupted:
                case Libc.ConnectionAborted:
                    continue;
                case Libc.TooManyFiles:
                case Libc.TooManyFilesInSystem:
                    host.OnAcceptFailed("No descriptors are left: the connection is turned away.");
                    if (!TurnOneAway())
                    {
                        PauseFor(BackOffMilliseconds);
                        return;
                    }

                    continue;
                default:
                    // What waited in the backlog may have met an error of its own network; memory is worth a pause.
                    host.OnAcceptFailed($"accept4 failed with error {error}.");
                    if (error is Libc.OutOfMemory or Libc.NoBuffers)
                    {
                        PauseFor(BackOffMilliseconds);
                        return;
                    }

                    continue;
            }
        }
    }

    /// <summary>With the descriptor kept for this, one peer is accepted and closed, so that it learns now and the backlog does not fill with it.</summary>
    private bool TurnOneAway()
    {
        if (_reserve < 0)
        {
            _reserve = Libc.OpenReserve();
            if (_reserve < 0)
            {
                return false;
            }
        }

        _ = Libc.Close(_reserve);
        int accepted = Libc.Accept(_descriptor, out _);
        if (accepted >= 0)
        {
            _ = Libc.Close(accepted);
        }

        _reserve = Libc.OpenReserve();
        return accepted >= 0;
    }

    private void PauseFor(int milliseconds)
    {
        _loop!.Watch(this, _descriptor, isWatched: false);
        _loop.Schedule(
            () =>
            {
                if (!_closed)
                {
                    _loop.Watch(this, _descriptor, isWatched: true);
                }
            },
            milliseconds);
    }
}
