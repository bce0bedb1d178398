using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine;

/// <summary>
/// Listens, runs the event loops, admits connections and gives each its first protocol. Several may live in one process; nothing is static.
/// </summary>
/// <remarks>
/// All members may be called from any thread. A server starts once and stops once. Each loop is one background thread; there are no others.
/// </remarks>
public sealed class EngineServer : IAsyncDisposable
{
    private readonly ServerOptions _options;
    private readonly Func<Connection, ConnectionProtocol> _createProtocol;
    private readonly Transport _transport;
    private readonly Admission _admission;
    private readonly ServerHost _host;
    private readonly TlsContext? _tls;
    private readonly ILogger _logger;
    private readonly HostCallbacks _callbacks;
    private readonly ServerStop _stop;
    private readonly LogLimiter _refusedLines = new();
    private readonly LogLimiter _acceptLines = new();
    private IReadOnlyList<EndPoint> _endPoints = [];
    private int _started;
    private volatile bool _running;
    private int _live;
    private int _stoppedLogged;
    private volatile bool _stopping;

    /// <summary>Makes a server; <see cref="StartAsync"/> opens its end points.</summary>
    /// <param name="options">Read now; later changes have no effect.</param>
    /// <param name="createProtocol">Gives each admitted connection its first protocol. Called on the connection's loop.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no end point.</exception>
    /// <exception cref="PlatformNotSupportedException">The transport does not exist on this operating system.</exception>
    public EngineServer(ServerOptions options, Func<Connection, ConnectionProtocol> createProtocol)
        : this(options, createProtocol, CreateTransport)
    {
    }

    internal EngineServer(ServerOptions options, Func<Connection, ConnectionProtocol> createProtocol, Func<ServerOptions, Transport> createTransport)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(createProtocol);
        _options = options.Freeze();
        _createProtocol = createProtocol;
        _logger = GuardedLoggerFactory.Guard(_options.LoggerFactory)?.CreateLogger("Engine") ?? NullLogger.Instance;
        _callbacks = new HostCallbacks(_logger);
        _admission = new Admission(_options.MaxConcurrentConnections, _options.MaxConnectionsPerAddress);
        _tls = _options.Tls is { } tls ? new TlsContext(tls) : null;
        _transport = createTransport(_options);
        _host = new ServerHost(this);
        _stop = new ServerStop(_transport, VisitAll, loop => Log.LoopAbandoned(_logger, loop.Index)) { CountLive = () => ConnectionCount };
        Metrics = new EngineMetrics(_transport.Loops, _callbacks);
        foreach (EventLoop loop in _transport.Loops)
        {
            loop.FaultSink = _callbacks;
        }
    }

    /// <summary>
    /// A peer's queue took longer than <see cref="ConnectionOptions.SlowWriteThreshold"/> to drain so many times in a row. Raised on the connection's loop,
    /// which waits for the handlers: keep them short. Also raised for a peer that <see cref="BackpressurePolicy.Disconnect"/> ends.
    /// </summary>
    public event Action<Connection>? SlowConsumer
    {
        add => _callbacks.SlowConsumer += value;
        remove => _callbacks.SlowConsumer -= value;
    }

    /// <summary>
    /// An exception left code of the host: a protocol's member (its connection is closing), posted work, a timer, a visit of <see cref="ForEachConnection"/>,
    /// an <c>async void</c> method. The connection is null where the code was called for none. Raised on the loop where it happened.
    /// </summary>
    public event Action<Connection?, Exception>? HandlerFailed
    {
        add => _callbacks.HandlerFailed += value;
        remove => _callbacks.HandlerFailed -= value;
    }

    /// <summary>The bound end points, in the order of the options, once started: port 0 has become the port that was free.</summary>
    public IReadOnlyList<EndPoint> EndPoints => _endPoints;

    /// <summary>Connections open at the moment.</summary>
    public int ConnectionCount => Volatile.Read(ref _live);

    /// <summary>The server's counters.</summary>
    public EngineMetrics Metrics { get; }

    /// <summary>Opens the end points and starts the loops.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">An end point is taken, or may not be bound. Nothing is left open.</exception>
    /// <exception cref="InvalidOperationException">The server was started before.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            throw new InvalidOperationException("A server starts once.");
        }

        ProcessorAffinity.Check(_options.Processors);
        for (int i = 0; _options.Processors.Count > 0 && i < _transport.Loops.Count; i++)
        {
            int processor = _options.Processors[i % _options.Processors.Count];
            _transport.Loops[i].PrepareThread = () => ProcessorAffinity.TryBind(processor);
        }

        // When this throws there is nothing to stop: no loop runs.
        _endPoints = _transport.Start(_host);
        _running = true;
        Metrics.Publish(_options.MeterFactory, _options.Name ?? _endPoints[0].ToString()!);
        if (_options.MaxTotalOutboundBytes > 0)
        {
            foreach (EventLoop loop in _transport.Loops)
            {
                new OverloadWatch(loop, Metrics, _options.MaxTotalOutboundBytes).Start();
            }
        }

        if (_tls is not null)
        {
            Log.TlsLibrary(_logger, _tls.BackendDescription);
        }

        foreach (EndPoint endPoint in _endPoints)
        {
            Log.Listening(_logger, endPoint);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Stops accepting, tells every protocol, waits for the connections to end, then aborts what is left. Every call joins the one stop and brings its own
    /// patience: the shortest counts. Completes when all loops have ended; a loop that a handler still blocks half a second later is given up, and logged. May be
    /// called by a handler on a loop, and awaited there.
    /// </summary>
    /// <param name="drainTimeout">
    /// How long connections may take to end; <see cref="TimeSpan.Zero"/> aborts them at once, <see cref="Timeout.InfiniteTimeSpan"/> waits for as long as it takes.
    /// </param>
    /// <param name="cancellationToken">Ends the patience: what is left is aborted. It does not cancel the stop.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="drainTimeout"/> is negative and not infinite.</exception>
    public Task StopAsync(TimeSpan drainTimeout, CancellationToken cancellationToken = default)
    {
        if (drainTimeout != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(drainTimeout, TimeSpan.Zero);
        }

        // A server that never ran has nothing to stop, and will not start any more.
        return Interlocked.Exchange(ref _started, 1) == 0 || !_running ? Task.CompletedTask : StopRunningAsync(drainTimeout, cancellationToken);
    }

    /// <summary>Stops without waiting for connections.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero).ConfigureAwait(false);

    /// <summary>
    /// Calls <paramref name="visit"/> on its loop for each connection that is open when its loop comes to it. What it throws goes to <see cref="HandlerFailed"/>;
    /// the connection and the other visits go on. Any thread.
    /// </summary>
    public void ForEachConnection(Action<Connection> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        VisitAll(connection => _callbacks.Visit(connection, visit));
    }

    /// <summary>
    /// Runs <paramref name="work"/> on the loop of the connection of that id, if it has not ended. What it throws goes to <see cref="HandlerFailed"/>; the
    /// connection goes on. Any thread.
    /// </summary>
    public void Post(ConnectionId id, Action<Connection> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (id.LoopIndex >= _transport.Loops.Count)
        {
            return;
        }

        EventLoop loop = _transport.Loops[id.LoopIndex];
        loop.Post(
            _ =>
            {
                if (loop.FindMember(id) is Connection connection)
                {
                    _callbacks.Visit(connection, work);
                }
            },
            null);
    }

    internal Transport Transport => _transport;

    /// <summary>The server's loops for connections that it makes itself.</summary>
    internal IClientLoops ClientLoops => _host;

    internal static Transport CreateTransport(ServerOptions options) => options.Transport switch
    {
        TransportKind.Epoll when !EpollTransport.IsSupported => throw new PlatformNotSupportedException("The epoll transport needs Linux on x64 or arm64."),
        TransportKind.Epoll => new EpollTransport(options),
        TransportKind.Auto when EpollTransport.IsSupported => new EpollTransport(options),
        _ => new SocketTransport(options),
    };

    private void VisitAll(Action<Connection> visit)
    {
        foreach (EventLoop loop in _transport.Loops)
        {
            loop.Post(_ => loop.VisitAll(static (member, action) => action((Connection)member), visit), null);
        }
    }

    private async Task StopRunningAsync(TimeSpan drainTimeout, CancellationToken cancellationToken)
    {
        _stopping = true;
        await _stop.RunAsync(drainTimeout, cancellationToken).ConfigureAwait(false);
        Metrics.Dispose();
        if (Interlocked.Exchange(ref _stoppedLogged, 1) == 0)
        {
            Log.Stopped(_logger);
        }
    }

    private void Accept(EventLoop loop, TransportConnection transport)
    {
        Interlocked.Increment(ref _live);
        loop.Counters.CountAccepted();
        bool announces = _options.ProxyProtocol?.Trusts(transport.RemoteEndPoint) ?? false;
        bool isRefused = !announces && _options.ProxyProtocol is { RefuseUntrusted: true };
        IPAddress? address = announces || !_admission.CountsAddresses ? null : AddressOf(transport.RemoteEndPoint);
        AdmissionVerdict verdict = isRefused ? AdmissionVerdict.RefuseSilently : _admission.Admit(address);
        if (verdict == AdmissionVerdict.RefuseSilently)
        {
            CountRefused();
            var refused = new Connection(_host, transport);
            refused.Start(static _ => NullProtocol.Instance);
            refused.Abort(CloseReason.AdmissionRefused);
            return;
        }

        var connection = new Connection(_host, Wrap(transport, announces));
        if (verdict == AdmissionVerdict.RefuseWithMessage)
        {
            CountRefused();
            connection.Ticket = new AdmissionTicket(AdmissionTicketKind.Refusing, Address: null);
            connection.Start(_ => new RefusalProtocol(_options.RefusalMessage));
            return;
        }

        connection.Ticket = new AdmissionTicket(AdmissionTicketKind.Admitted, address);
        connection.Start(announces ? CreateAnnounced : _createProtocol);
        if (_stopping)
        {
            connection.Stop();
        }
    }

    private void CountRefused()
    {
        Metrics.CountRefused();
        if (_refusedLines.TryPass(Environment.TickCount64, out long held))
        {
            Log.Refused(_logger, held);
        }
    }

    /// <summary>What stands between the socket and the connection, lowest first: PROXY header, TLS.</summary>
    private TransportConnection Wrap(TransportConnection transport, bool announces)
    {
        bool isSecure = _tls is not null && _tls.AppliesTo(transport.LocalEndPoint);
        if (announces)
        {
            transport = new ProxyTransportConnection(transport, _options.ProxyProtocol!);
        }

        return isSecure ? _tls!.Wrap(transport) : transport;
    }

    /// <summary>The first protocol of a connection whose address a load balancer announced: only now it can be counted.</summary>
    private ConnectionProtocol CreateAnnounced(Connection connection)
    {
        IPAddress? address = _admission.CountsAddresses ? AddressOf(connection.RemoteEndPoint) : null;
        if (!_admission.TryCount(address))
        {
            CountRefused();
            connection.Abort(CloseReason.AdmissionRefused);
            return NullProtocol.Instance;
        }

        connection.Ticket = new AdmissionTicket(AdmissionTicketKind.Admitted, address);
        return _createProtocol(connection);
    }

    private static IPAddress? AddressOf(EndPoint? remote) => Admission.KeyOf((remote as IPEndPoint)?.Address);

    /// <summary>What transports and connections see of the server.</summary>
    private sealed class ServerHost(EngineServer server) : ConnectionHost(server._options.Connections), ITransportHost, IClientLoops
    {
        private readonly LoopDealer _dealer = new(server._transport.Loops);

        public Transport Transport => server._transport;

        public ConnectionHost Host => this;

        public EngineMetrics Metrics => server.Metrics;

        public int ConnectionCount => server.ConnectionCount;

        public bool IsEnding => server._stopping || !server._running;

        public EventLoop NextLoop() => _dealer.Next();

        public void CountConnection(EventLoop loop)
        {
            Interlocked.Increment(ref server._live);
            loop.Counters.CountAccepted();
        }

        /// <summary>The loops are the server's, and go on.</summary>
        public Task CloseAsync() => Task.CompletedTask;

        public override bool IsOverTotal
            => server._options.MaxTotalOutboundBytes > 0 && server.Metrics.QueuedBytes > server._options.MaxTotalOutboundBytes;

        public void OnAccepted(EventLoop loop, TransportConnection connection) => server.Accept(loop, connection);

        public void OnAcceptFailed(string error)
        {
            server.Metrics.CountAcceptError();
            if (server._acceptLines.TryPass(Environment.TickCount64, out long held))
            {
                Log.AcceptFailed(server._logger, error, held);
            }
        }

        public override void OnFault(Connection connection, Exception exception) => server._callbacks.OnFault(connection, exception);

        public override void OnSlowConsumer(Connection connection) => server._callbacks.OnSlowConsumer(connection);

        public override void OnSlowConsumerEnded(Connection connection) => server._callbacks.OnSlowConsumerEnded(connection);

        public override void OnClosed(Connection connection)
        {
            switch (connection.Ticket.Kind)
            {
                case AdmissionTicketKind.Admitted:
                    server._admission.Leave(connection.Ticket.Address);
                    break;
                case AdmissionTicketKind.Refusing:
                    server._admission.RefusalEnded();
                    break;
            }

            if (Interlocked.Decrement(ref server._live) == 0)
            {
                server._stop.SignalEmpty();
            }
        }
    }
}
