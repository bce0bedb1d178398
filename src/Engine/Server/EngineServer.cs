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
    private readonly TaskCompletionSource _allClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<EndPoint> _endPoints = [];
    private Task? _stopped;
    private int _started;
    private int _live;
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
        _logger = _options.LoggerFactory?.CreateLogger("Engine") ?? NullLogger.Instance;
        _admission = new Admission(_options.MaxConcurrentConnections, _options.MaxConnectionsPerAddress);
        _tls = _options.Tls is { } tls ? new TlsContext(tls) : null;
        _transport = createTransport(_options);
        _host = new ServerHost(this);
        Metrics = new EngineMetrics(_transport.Loops);
    }

    /// <summary>
    /// A peer's queue took longer than <see cref="ConnectionOptions.SlowWriteThreshold"/> to drain so many times in a row. Raised on the connection's loop,
    /// which waits for the handlers: keep them short.
    /// </summary>
    public event Action<Connection>? SlowConsumer;

    /// <summary>An exception left a protocol or a handler. Raised on the connection's loop; the connection is closing.</summary>
    public event Action<Connection, Exception>? HandlerFailed;

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

        try
        {
            _endPoints = _transport.Start(_host);
        }
        catch
        {
            // There is nothing to stop: no loop runs.
            _stopped = Task.CompletedTask;
            throw;
        }

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
    /// Stops accepting, tells every protocol, waits at most so long for the connections to end, then aborts what is left.
    /// Idempotent: later calls wait for the first.
    /// </summary>
    public Task StopAsync(TimeSpan drainTimeout)
    {
        Task stopped;
        lock (_allClosed)
        {
            stopped = _stopped ??= Volatile.Read(ref _started) == 0 ? Task.CompletedTask : StopOnceAsync(drainTimeout);
        }

        return stopped;
    }

    /// <summary>Stops without waiting for connections.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero).ConfigureAwait(false);

    /// <summary>Calls <paramref name="visit"/> on its loop for each connection that is open when its loop comes to it.</summary>
    public void ForEachConnection(Action<Connection> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        foreach (EventLoop loop in _transport.Loops)
        {
            loop.Post(_ => loop.VisitAll(static (member, action) => action((Connection)member), visit), null);
        }
    }

    /// <summary>Runs <paramref name="work"/> on the loop of the connection of that id, if it has not ended. Any thread.</summary>
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
                    work(connection);
                }
            },
            null);
    }

    internal Transport Transport => _transport;

    private static Transport CreateTransport(ServerOptions options) => options.Transport switch
    {
        TransportKind.Epoll when !EpollTransport.IsSupported => throw new PlatformNotSupportedException("The epoll transport needs Linux on x64 or arm64."),
        TransportKind.Epoll => new EpollTransport(options),
        TransportKind.Auto when EpollTransport.IsSupported => new EpollTransport(options),
        _ => new SocketTransport(options),
    };

    private async Task StopOnceAsync(TimeSpan drainTimeout)
    {
        _stopping = true;
        await _transport.StopListeningAsync().ConfigureAwait(false);

        // What was accepted is on its way to its loop: it is told with the others.
        foreach (EventLoop loop in _transport.Loops)
        {
            await loop.WhenPostedRanAsync().ConfigureAwait(false);
        }

        ForEachConnection(static connection => connection.Stop());
        SignalWhenEmpty();
        try
        {
            await _allClosed.Task.WaitAsync(drainTimeout > TimeSpan.Zero ? drainTimeout : TimeSpan.Zero).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            ForEachConnection(static connection => connection.Abort(CloseReason.ServerStopping));
            await _allClosed.Task.ConfigureAwait(false);
        }

        await _transport.StopAsync().ConfigureAwait(false);
        Metrics.Dispose();
        Log.Stopped(_logger);
    }

    private void SignalWhenEmpty()
    {
        if (_stopping && Volatile.Read(ref _live) == 0)
        {
            _allClosed.TrySetResult();
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
            Metrics.CountRefused();
            var refused = new Connection(_host, transport);
            refused.Start(static _ => NullProtocol.Instance);
            refused.Abort(CloseReason.AdmissionRefused);
            return;
        }

        var connection = new Connection(_host, Wrap(transport, announces));
        if (verdict == AdmissionVerdict.RefuseWithMessage)
        {
            Metrics.CountRefused();
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
            Metrics.CountRefused();
            connection.Abort(CloseReason.AdmissionRefused);
            return NullProtocol.Instance;
        }

        connection.Ticket = new AdmissionTicket(AdmissionTicketKind.Admitted, address);
        return _createProtocol(connection);
    }

    private static IPAddress? AddressOf(EndPoint? remote) => (remote as IPEndPoint)?.Address;

    /// <summary>What transports and connections see of the server.</summary>
    private sealed class ServerHost(EngineServer server) : ConnectionHost(server._options.Connections), ITransportHost
    {
        public override bool IsOverTotal
            => server._options.MaxTotalOutboundBytes > 0 && server.Metrics.QueuedBytes > server._options.MaxTotalOutboundBytes;

        public void OnAccepted(EventLoop loop, TransportConnection connection) => server.Accept(loop, connection);

        public void OnAcceptFailed(string error)
        {
            server.Metrics.CountAcceptError();
            Log.AcceptFailed(server._logger, error);
        }

        public override void OnFault(Connection connection, Exception exception)
        {
            connection.EventLoop.Counters.CountFault(exception);
            Log.HandlerFailed(server._logger, connection.Id, exception);
            server.HandlerFailed?.Invoke(connection, exception);
        }

        public override void OnSlowConsumer(Connection connection)
        {
            Log.SlowConsumer(server._logger, connection.Id);
            server.SlowConsumer?.Invoke(connection);
        }

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

            Interlocked.Decrement(ref server._live);
            server.SignalWhenEmpty();
        }
    }
}
