using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine;

/// <summary>Loops that a client runs for itself: a transport that listens nowhere.</summary>
internal sealed class OwnLoops : ConnectionHost, IClientLoops, ITransportHost
{
    private readonly LoopDealer _dealer;
    private readonly HostCallbacks _callbacks;
    private readonly ServerStop _stop;
    private int _live;
    private volatile bool _isEnding;

    public OwnLoops(EngineClientOptions options)
        : this(options, options.ToServerOptions())
    {
    }

    private OwnLoops(EngineClientOptions options, ServerOptions loops)
        : base(loops.Connections)
    {
        ILogger logger = GuardedLoggerFactory.Guard(options.LoggerFactory)?.CreateLogger("Engine") ?? NullLogger.Instance;
        _callbacks = new HostCallbacks(logger);
        Transport = EngineServer.CreateTransport(loops);
        _dealer = new LoopDealer(Transport.Loops);
        _stop = new ServerStop(Transport, VisitAll, loop => Log.LoopAbandoned(logger, loop.Index)) { CountLive = () => ConnectionCount };
        Metrics = new EngineMetrics(Transport.Loops, _callbacks);
        foreach (EventLoop loop in Transport.Loops)
        {
            loop.FaultSink = _callbacks;
        }

        Transport.Start(this);
        Metrics.Publish(options.MeterFactory, options.Name);
    }

    public Transport Transport { get; }

    public ConnectionHost Host => this;

    public EngineMetrics Metrics { get; }

    public int ConnectionCount => Volatile.Read(ref _live);

    public bool IsEnding => _isEnding;

    public override bool IsOverTotal => false;

    public EventLoop NextLoop() => _dealer.Next();

    public void CountConnection(EventLoop loop)
    {
        Interlocked.Increment(ref _live);
        loop.Counters.CountAccepted();
    }

    public async Task CloseAsync()
    {
        _isEnding = true;
        await _stop.RunAsync(TimeSpan.Zero, CancellationToken.None).ConfigureAwait(false);
        Metrics.Dispose();
    }

    public void OnAccepted(EventLoop loop, TransportConnection connection) => throw new NotSupportedException("A client accepts nothing.");

    public void OnAcceptFailed(string error)
    {
    }

    public override void OnFault(Connection connection, Exception exception) => _callbacks.OnFault(connection, exception);

    public override void OnSlowConsumer(Connection connection) => _callbacks.OnSlowConsumer(connection);

    public override void OnSlowConsumerEnded(Connection connection) => _callbacks.OnSlowConsumerEnded(connection);

    public override void OnClosed(Connection connection)
    {
        if (Interlocked.Decrement(ref _live) == 0)
        {
            _stop.SignalEmpty();
        }
    }

    private void VisitAll(Action<Connection> visit)
    {
        foreach (EventLoop loop in Transport.Loops)
        {
            loop.Post(_ => loop.VisitAll(static (member, action) => action((Connection)member), visit), null);
        }
    }
}
