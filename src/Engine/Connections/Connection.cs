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
    private CancellationTokenSource? _closedSource;
    private int _state;
    private int _reason;
    private bool _turnEndAsked;

    internal Connection(ConnectionHost host, TransportConnection transport)
    {
        _host = host;
        _transport = transport;
        _loop = transport.Loop;
        _drainAtBytes = host.Options.LowWaterBytes;
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
    public ConnectionOptions Options => _host.Options;

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

    /// <summary>Whether sends are accepted: false from the moment of <see cref="Close"/>, <see cref="Abort"/> or the peer's end. Any thread.</summary>
    public bool IsOpen => Volatile.Read(ref _state) == (int)ConnectionState.Open;

    /// <summary>Why the connection ends or ended; <see cref="CloseReason.None"/> while it is open. Any thread.</summary>
    public CloseReason CloseReason => (CloseReason)Volatile.Read(ref _reason);

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
            CancellationTokenSource? source = Volatile.Read(ref _closedSource);
            if (source is null)
            {
                var made = new CancellationTokenSource();
                source = Interlocked.CompareExchange(ref _closedSource, made, null) ?? made;
                if (State == ConnectionState.Closed)
                {
                    source.Cancel();
                }
            }

            return source.Token;
        }
    }

    private ConnectionState State => (ConnectionState)Volatile.Read(ref _state);

    /// <summary>
    /// Replaces the protocol. Loop only. It takes effect when the current <see cref="ConnectionProtocol.OnReceived"/> returns, or at the turn's end:
    /// <see cref="ConnectionProtocol.OnStarted"/> of the successor, then the bytes that were left.
    /// </summary>
    public void SwitchProtocol(ConnectionProtocol next)
    {
        ArgumentNullException.ThrowIfNull(next);
        CheckLoop();
        _successor = next;
        if (!_inPump)
        {
            AskForTurnEnd();
        }
    }

    /// <summary>Runs <paramref name="work"/> on the connection's loop. Any thread; work of one thread keeps its order. It also runs after the connection has ended.</summary>
    public void Post(Action<object?> work, object? state)
    {
        ArgumentNullException.ThrowIfNull(work);
        _loop.Post(work, state);
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
    internal AdmissionTicket Ticket { get; set; }

    /// <summary>Gives the connection its identity and, as soon as its transport is established, its first protocol; begins to receive. Loop only.</summary>
    internal void Start(Func<Connection, ConnectionProtocol> createProtocol)
    {
        Id = _loop.Register(this);
        _transport.Sink = this;
        if (_transport.IsEstablished)
        {
            StartProtocol(createProtocol);
        }
        else
        {
            Protocol = new EstablishingProtocol(createProtocol);
            _engineDue = _loop.DueAfter(TimeSpan.FromMilliseconds(_transport.EstablishMilliseconds));
            ArmDeadline(_engineDue);
        }

        _transport.Start(Id);
    }

    /// <summary>Tells the protocol that the server stops. Loop only.</summary>
    internal void Stop()
    {
        if (!IsOpen)
        {
            return;
        }

        _stopTold = true;
        try
        {
            Protocol.OnStopping(this);
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    void ITransportSink.OnEstablished()
    {
        if (State == ConnectionState.Open && Protocol is EstablishingProtocol establishing)
        {
            _engineDue = 0;
            StartProtocol(establishing.CreateProtocol);
        }
    }

    /// <summary>
    /// The end of a turn in which something asked for it. The order is a promise: each step may owe something to a later one, never to an earlier one of the same
    /// pass (what does, asks for another pass). Cost of a pass with nothing to do: seven compares and one read of the state a step.
    /// </summary>
    void ILoopMember.OnTurnEnd()
    {
        _turnEndAsked = false;
        if (State >= ConnectionState.Releasing)
        {
            return;
        }

        // 1. What other threads sent stands behind what the loop has written so far. One exchange when there is something.
        AdoptForeignSends();

        // 2. A successor starts, bytes that were kept are offered again, the peer's end is told behind them. Host code.
        ResumePump();

        // 3. Everything written up to here leaves by one system call, unless it may wait for more.
        if (!_isHeld || _flushDue || State != ConnectionState.Open)
        {
            Flush();
        }

        // 4. The room that is left goes to those who wait, first come, first served: a copy and a system call a slice. Host code continues inline.
        ServeWaiters();

        // 5. What is left now is the peer's backlog. One interlocked addition when it changed.
        CountBacklog();

        // 6. Only now is it true that the queue is low and nobody waits. Host code.
        RaiseDrained();

        // 7. When nothing is left to leave, the end goes on.
        if (State != ConnectionState.Open)
        {
            ProgressClose();
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

    private void AskForTurnEnd()
    {
        if (!_turnEndAsked)
        {
            _turnEndAsked = true;
            _loop.RequestTurnEnd(this);
        }
    }

    /// <summary>Host code threw: this connection ends, the host is told, and the loop goes on.</summary>
    private void Fault(Exception exception)
    {
        TellFault(exception);
        Close(CloseReason.HandlerFailed);
    }

    /// <summary>Tells the host, whose own code for faults may be the next to throw.</summary>
    private void TellFault(Exception exception)
    {
        try
        {
            _host.OnFault(this, exception);
        }
        catch (Exception another)
        {
            _loop.Counters.CountFault(another);
        }
    }

    private void CheckLoop()
    {
        if (!_loop.IsCurrent)
        {
            ThrowHelper.NotOnLoop();
        }
    }
}
