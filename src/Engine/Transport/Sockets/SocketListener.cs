using System.Net.Sockets;

namespace Engine;

/// <summary>One listening socket with several accepts outstanding. It runs on its loop's thread; a failed accept is reported, and the listener goes on.</summary>
internal sealed class SocketListener(Socket socket, SocketTransport transport, ITransportHost host, ServerOptions options)
{
    private const int OutstandingCount = 4;
    private const int BackOffMilliseconds = 100;
    private const int MaxBackOffMilliseconds = 1_000;

    private readonly AcceptGate _gate = new(options.MaxAcceptsPerSecond);
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EventLoop? _loop;
    private int _outstanding;
    private int _backOff = BackOffMilliseconds;
    private volatile bool _closed;

    public Task Completion => _completion.Task;

    public void Start(EventLoop loop)
    {
        _loop = loop;
        loop.Post(
            static state =>
            {
                var listener = (SocketListener)state!;
                for (int i = 0; i < OutstandingCount; i++)
                {
                    var args = new SocketAsyncEventArgs(true);
                    args.Completed += (_, completed) => listener._loop!.Post(completedArgs => listener.OnAccepted((SocketAsyncEventArgs)completedArgs!), completed);
                    listener._outstanding++;
                    listener.Accept(args);
                }
            },
            this);
    }

    public void Close()
    {
        _closed = true;
        socket.Dispose();
        if (_loop is null)
        {
            _completion.TrySetResult();
        }
    }

    private void Accept(SocketAsyncEventArgs args)
    {
        if (_closed)
        {
            End(args);
            return;
        }

        int wait = _gate.TryTake(_loop!.NowMilliseconds);
        if (wait > 0)
        {
            _loop.Schedule(() => Accept(args), wait);
            return;
        }

        args.AcceptSocket = null;
        try
        {
            if (!socket.AcceptAsync(args))
            {
                // Posted rather than called, so that a flood of connections cannot grow the stack or keep the loop from its other work.
                _loop.Post(state => OnAccepted((SocketAsyncEventArgs)state!), args);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            AcceptLater(args, exception.Message);
        }
    }

    private void OnAccepted(SocketAsyncEventArgs args)
    {
        Socket? accepted = args.AcceptSocket;
        if (args.SocketError != SocketError.Success || accepted is null)
        {
            accepted?.Dispose();
            AcceptLater(args, args.SocketError.ToString());
            return;
        }

        if (_closed)
        {
            accepted.Dispose();
            End(args);
            return;
        }

        _backOff = BackOffMilliseconds;
        if (DescriptorReserve.IsReached(accepted.SafeHandle.DangerousGetHandle()))
        {
            accepted.Dispose();
            host.OnAcceptFailed(DescriptorReserve.Refusal);
            Accept(args);
            return;
        }

        try
        {
            ListenEndPoint.Configure(accepted, options);
            accepted.Blocking = false;
            transport.Deal(accepted, host);
        }
        catch (SocketException)
        {
            // The peer was gone before it could be served.
            accepted.Dispose();
        }

        Accept(args);
    }

    private void AcceptLater(SocketAsyncEventArgs args, string error)
    {
        if (_closed)
        {
            End(args);
            return;
        }

        // A peer that gave up while it waited is no reason to pause; what will be there again at once, such as a lack of descriptors, is.
        host.OnAcceptFailed(error);
        if (args.SocketError is SocketError.ConnectionAborted or SocketError.ConnectionReset)
        {
            _loop!.Schedule(() => Accept(args), 0);
            return;
        }

        _loop!.Schedule(() => Accept(args), _backOff);
        _backOff = Math.Min(_backOff * 2, MaxBackOffMilliseconds);
    }

    private void End(SocketAsyncEventArgs args)
    {
        args.Dispose();
        if (--_outstanding == 0)
        {
            _completion.TrySetResult();
        }
    }
}
