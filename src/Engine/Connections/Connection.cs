using System.IO.Pipelines;
using System.Net;

namespace Engine;

/// <summary>
/// One peer. It lives on one event loop: members marked "loop only" may be called there only (inside a protocol's callbacks, or through
/// <see cref="Post"/>); all others from any thread, at any time, also after the connection has ended.
/// </summary>
/// <remarks>
/// Sends, <see cref="Close"/> and <see cref="Abort"/> may overlap freely. Messages of one thread keep their order; messages of several threads are
/// never interleaved. An idle connection holds no buffer, no timer object and no task.
/// </remarks>
public sealed partial class Connection : ITransportSink, ILoopMember
{
    private readonly ConnectionHost _host;
    private readonly EventLoop _loop;
    private readonly OutboundQueue _queue;
    private readonly TransportConnection _transport;
    private ConnectionOptions _options;
    private ConnectionExtras? _extras;
    private ConnectionLifecycle _life;
    private AdmissionTicketKind _ticketKind;

    internal Connection(ConnectionHost host, TransportConnection transport)
    {
        _host = host;
        _options = host.Options;
        _transport = transport;
        _loop = transport.Loop;
        _budget = new OutboundBudget(host.Options.LowWaterBytes);
        _queue = new OutboundQueue(_loop.Segments, host.Options.Backpressure == BackpressurePolicy.DropOldest);
        Protocol = NullProtocol.Instance;
    }

    /// <summary>Names the connection to other threads. Any thread.</summary>
    public ConnectionId Id { get; private set; }

    /// <summary>The peer's address; null when the operating system does not tell. Any thread, also after the connection has ended.</summary>
    public EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <summary>This side's address; null when the operating system no longer tells. Any thread, once it was asked for on the loop; null before that.</summary>
    public EndPoint? LocalEndPoint => _transport.LocalEndPoint;

    /// <summary>Whether the connection is secured by TLS. Any thread.</summary>
    public bool IsSecure => Tls is not null;

    /// <summary>What the TLS handshake agreed on; null without TLS. It is done before the connection gets its first protocol. Any thread.</summary>
    public TlsInfo? Tls => _transport.Tls;

    /// <summary>
    /// What a trusted load balancer announced of the connection by a PROXY header; null without one. It is known before the connection gets its first protocol. Any
    /// thread.
    /// </summary>
    public ProxyInfo? Proxy => _transport.Proxy;

    /// <summary>
    /// Fills <paramref name="target"/> with a secret that only the two ends of this TLS connection know, to bind tokens to it (RFC 8446 §7.5, RFC 9266). Loop only.
    /// Returns false without TLS, before the handshake is done, after the end, and with the SslStream back end, which cannot.
    /// </summary>
    /// <param name="label">Which secret: an ASCII name that both ends agree on.</param>
    /// <param name="context">More that both ends agree on; may be empty.</param>
    /// <param name="target">As many bytes as are wanted.</param>
    public bool TryExportKeyingMaterial(string label, ReadOnlySpan<byte> context, Span<byte> target)
    {
        ArgumentNullException.ThrowIfNull(label);
        CheckLoop();
        return _transport.TryExportKeyingMaterial(label, context, target);
    }

    /// <summary>The server's limits for each connection. Read only: changing them has no effect.</summary>
    public ConnectionOptions Options => _options;

    /// <summary>The loop that the connection lives on. Any thread, also after the connection has ended.</summary>
    public LoopRef Loop => new(_loop);

    /// <summary>Whether the calling thread is the connection's loop.</summary>
    public bool IsOnLoop => _loop.IsCurrent;

    /// <summary>Whether both live on one loop, so that one <see cref="Post"/> reaches both. Any thread, also after they have ended.</summary>
    public bool SharesLoopWith(Connection other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(_loop, other._loop);
    }

    /// <summary>Whether sends are accepted: false from the moment of <see cref="Close"/>, <see cref="CloseSend"/>, <see cref="Abort"/> or a failure. Any thread.</summary>
    public bool IsOpen => _life.State == ConnectionState.Open;

    /// <summary>Why the connection ends or ended; <see cref="CloseReason.None"/> while it is open. Any thread.</summary>
    public CloseReason CloseReason => _life.Reason;

    /// <summary>The loop's clock in milliseconds: monotonic, read once a turn, so that asking costs nothing. Loop only.</summary>
    public long NowMilliseconds => _loop.NowMilliseconds;

    /// <summary>What the connection speaks at the moment. Loop only.</summary>
    public ConnectionProtocol Protocol { get; private set; }

    /// <summary>
    /// Cancelled when the connection has ended, for code that waits for other things. Any thread. Made on first use; a connection that nobody asks has none.
    /// </summary>
    public CancellationToken ClosedToken
    {
        get
        {
            ConnectionExtras extras = Extras;
            CancellationTokenSource? source = Volatile.Read(ref extras.ClosedSource);
            if (source is null)
            {
                var made = new CancellationTokenSource();
                source = Interlocked.CompareExchange(ref extras.ClosedSource, made, null) ?? made;
                if (State == ConnectionState.Closed)
                {
                    source.Cancel();
                }
            }

            return source.Token;
        }
    }

    private ConnectionState State => _life.State;

    /// <summary>Any thread.</summary>
    private ConnectionExtras Extras
    {
        get
        {
            if (Volatile.Read(ref _extras) is { } known)
            {
                return known;
            }

            var made = new ConnectionExtras();
            return Interlocked.CompareExchange(ref _extras, made, null) ?? made;
        }
    }

    /// <summary>
    /// Replaces the protocol. Loop only. It takes effect when the current <see cref="ConnectionProtocol.OnReceived"/> returns, or at the turn's end:
    /// <see cref="ConnectionProtocol.OnStarted"/> of the successor, then the bytes that were left.
    /// </summary>
    public void SwitchProtocol(ConnectionProtocol next)
    {
        ArgumentNullException.ThrowIfNull(next);
        CheckLoop();
        _successor = next;
        AskForTurnEndUnlessPumping();
    }

    /// <summary>
    /// Gives the connection limits, a policy and clocks of its own, for what is sent from now on, in place of the server's. Loop only; for a protocol that begins.
    /// </summary>
    /// <param name="options">A copy of <see cref="ConnectionOptions.Freeze"/>, which many connections may share and nobody changes any more.</param>
    public void UseOptions(ConnectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckLoop();
        _options = options;
        _budget.TakeDrain(options.LowWaterBytes);
        if (options.Backpressure == BackpressurePolicy.DropOldest)
        {
            _queue.TrackMessages();
        }
    }

    /// <summary>Runs <paramref name="work"/> on the connection's loop. Any thread; work of one thread keeps its order. It also runs after the connection has ended.</summary>
    public void Post(Action<object?> work, object? state)
    {
        ArgumentNullException.ThrowIfNull(work);
        _loop.Post(work, state, this);
    }

    /// <summary>
    /// Says that code of the host failed outside of a callback, in a task that a protocol waited for: counted, logged and announced like an exception that
    /// leaves a callback, and the connection closes with <see cref="CloseReason.HandlerFailed"/>. Loop only.
    /// </summary>
    public void ReportFault(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        CheckLoop();
        Fault(exception);
    }

    /// <summary>
    /// Hands the connection to foreign code as a pair of pipes: bytes received, those already kept included, come out of the input; what is written and
    /// flushed to the output is sent, and a flush waits while the queue is full. Completing the output closes the connection gracefully. Loop only.
    /// </summary>
    public IDuplexPipe AsDuplexPipe()
    {
        CheckLoop();
        var pipe = new DuplexPipeProtocol();
        SwitchProtocol(pipe);
        return pipe;
    }

    internal ConnectionHost Host => _host;

    internal EventLoop EventLoop => _loop;

    internal bool IsClosed => State == ConnectionState.Closed;

    /// <summary>What admission counted this connection for, so that the same is given back. Written by the server, on the loop.</summary>
    internal AdmissionTicket Ticket
    {
        get => new(_ticketKind, _extras?.TicketAddress);
        set
        {
            _ticketKind = value.Kind;
            if (value.Address is { } address)
            {
                Extras.TicketAddress = address;
            }
        }
    }

    /// <summary>Gives the connection its identity and, as soon as its transport is established, its first protocol; begins to receive. Loop only.</summary>
    /// <param name="createProtocol">Makes the first protocol.</param>
    /// <param name="onFailed">Called when the connection ends before it has one.</param>
    internal void Start(Func<Connection, ConnectionProtocol> createProtocol, Action<CloseReason>? onFailed = null)
    {
        Id = _loop.Register(this);
        _transport.Sink = this;
        if (_transport.IsEstablished)
        {
            StartProtocol(createProtocol);
        }
        else
        {
            Protocol = new EstablishingProtocol(createProtocol, onFailed);
            SetEngineDeadline(TimeSpan.FromMilliseconds(_transport.EstablishMilliseconds));
        }

        _transport.Start(Id);
    }

    /// <summary>Tells the protocol that the server stops. Loop only.</summary>
    internal void Stop()
    {
        _pump = (_pump | PumpState.StopTold) & ~PumpState.StopOwed;
        if (!IsReceiving)
        {
            return;
        }

        if (_successor is not null)
        {
            // The one that was switched to starts with the turn's end, and it is told then: its predecessor has let go of the connection.
            _pump |= PumpState.StopOwed;
            AskForTurnEnd();
            return;
        }

        try
        {
            Protocol.OnStopping(this);
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    private void StartProtocol(Func<Connection, ConnectionProtocol> createProtocol)
    {
        try
        {
            Protocol = createProtocol(this);
            Protocol.OnStarted(this);
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    /// <summary>Host code threw: this connection ends, the host is told, and the loop goes on.</summary>
    private void Fault(Exception exception)
    {
        _host.OnFault(this, exception);
        Close(CloseReason.HandlerFailed);
    }

    private void CheckLoop()
    {
        if (!_loop.IsCurrent)
        {
            ThrowHelper.NotOnLoop();
        }
    }
}
