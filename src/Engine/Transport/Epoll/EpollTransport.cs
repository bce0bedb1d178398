using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>The kernel's readiness queue, one for each loop. The first loop accepts and deals, which spreads few connections evenly too.</summary>
internal sealed class EpollTransport : Transport
{
    private readonly ServerOptions _options;
    private readonly EpollLoop[] _loops;
    private readonly LoopDealer _dealer;
    private readonly List<EpollListener> _listeners = [];

    public EpollTransport(ServerOptions options)
    {
        _options = options;
        _loops = new EpollLoop[options.LoopCount];
        for (int i = 0; i < _loops.Length; i++)
        {
            _loops[i] = new EpollLoop(i);
        }

        _dealer = new LoopDealer(_loops);
    }

    /// <summary>Whether this machine has it: Linux on a 64-bit processor whose structures are known here.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux()
        && System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            is System.Runtime.InteropServices.Architecture.X64 or System.Runtime.InteropServices.Architecture.Arm64;

    public override IReadOnlyList<EventLoop> Loops => _loops;

    public override IReadOnlyList<EndPoint> Start(ITransportHost host)
    {
        var bound = new List<EndPoint>();
        try
        {
            foreach (EndPoint endPoint in _options.EndPoints)
            {
                Socket socket = ListenEndPoint.Listen(endPoint, _options);
                _listeners.Add(new EpollListener(socket, this, host, _options.MaxAcceptsPerSecond, endPoint is InheritedEndPoint));
                socket.Blocking = false;

                // Linux hands a listener's options down to what it accepts, which saves a call each.
                ListenEndPoint.Configure(socket, _options);
                bound.Add(socket.LocalEndPoint ?? endPoint);
            }

            StartLoops();
        }
        catch
        {
            CloseListeners();
            throw;
        }

        _loops[0].Post(
            static state =>
            {
                var transport = (EpollTransport)state!;
                foreach (EpollListener listener in transport._listeners)
                {
                    listener.Start(transport._loops[0]);
                }
            },
            this);
        return bound;
    }

    public override Task ConnectAsync(EventLoop loop, OutboundRequest request, ITransportHost host, CancellationToken cancellationToken)
    {
        using Socket socket = request.CreateSocket();
        socket.Blocking = false;
        bool isUnderWay = false;
        try
        {
            socket.Connect(request.EndPoint);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            isUnderWay = true;
        }

        // The runtime's socket goes; the connection has a descriptor of its own for what the kernel is doing.
        int descriptor = Libc.Duplicate((int)socket.SafeHandle.DangerousGetHandle());
        if (descriptor < 0)
        {
            throw new SocketException((int)SocketError.TooManyOpenSockets);
        }

        var connection = new EpollOutboundConnection(descriptor, (EpollLoop)loop, isUnderWay ? request.TimeoutMilliseconds : 0);
        loop.Deal(connection, host);
        return Task.CompletedTask;
    }

    public override Task StopListeningAsync()
    {
        foreach (EpollListener listener in _listeners)
        {
            listener.StopListening();
        }

        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loops[0].Post(
            _ =>
            {
                CloseListeners();
                closed.SetResult();
            },
            null);
        return closed.Task;
    }

    public void Deal(int descriptor, PeerAddress peer, ITransportHost host)
    {
        var loop = (EpollLoop)_dealer.Next();
        loop.Deal(new EpollTransportConnection(descriptor, peer, loop), host);
    }

    private void CloseListeners()
    {
        foreach (EpollListener listener in _listeners)
        {
            listener.Close();
        }
    }
}
