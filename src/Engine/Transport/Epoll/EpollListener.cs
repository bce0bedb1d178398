using System.Net.Sockets;

namespace Engine;

/// <summary>One listening socket on the loop that accepts. No error of an accept ends it.</summary>
internal sealed class EpollListener(Socket socket, EpollTransport transport, ITransportHost host, int maxAcceptsPerSecond, bool isInherited)
{
    /// <summary>Accepts a turn, so that a flood of connections does not keep the loop from those it has.</summary>
    private const int MaxAcceptsPerTurn = 64;

    private const int BackOffMilliseconds = 100;
    private const int MaxBackOffMilliseconds = 1_000;

    private readonly AcceptGate _gate = new(maxAcceptsPerSecond);
    private readonly int _descriptor = (int)socket.SafeHandle.DangerousGetHandle();
    private EpollLoop? _loop;
    private int _reserve = -1;
    private int _backOff = BackOffMilliseconds;
    private volatile bool _closed;
    private bool _isDisposed;

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

    /// <summary>
    /// From here on the kernel refuses who comes, and resets who waits in the backlog; also while the loop is blocked by a handler. The descriptor stays open for
    /// the loop, which may be about to use it. Any thread.
    /// </summary>
    public void StopListening()
    {
        _closed = true;

        // An inherited socket listens for its other owners too.
        if (!isInherited)
        {
            _ = Libc.Shutdown(_descriptor, Libc.ShutdownRead);
        }
    }

    /// <summary>Closes the socket. On the loop, or when it does not run.</summary>
    public void Close()
    {
        _closed = true;
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
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
                _backOff = BackOffMilliseconds;
                if (DescriptorReserve.IsReached(accepted))
                {
                    _ = Libc.Close(accepted);
                    host.OnAcceptFailed(DescriptorReserve.Refusal);
                    continue;
                }

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
                    host.OnAcceptFailed("no descriptors are left: the connection is turned away");
                    if (!TurnOneAway())
                    {
                        BackOff();
                        return;
                    }

                    continue;
                default:
                    host.OnAcceptFailed($"accept4 failed with error {error}");
                    if (Libc.IsErrorOfPeersNetwork(error))
                    {
                        // accept(2): what waited in the backlog met an error of its own network; the next one is another's.
                        continue;
                    }

                    BackOff();
                    return;
            }
        }
    }

    /// <summary>An error that will be there again at once: each pause is twice as long as the one before, up to a second.</summary>
    private void BackOff()
    {
        PauseFor(_backOff);
        _backOff = Math.Min(_backOff * 2, MaxBackOffMilliseconds);
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
