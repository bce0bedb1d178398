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
public sealed partial class Connection : ITransportSink, ILoopMember, ILoopTimerOwner
{
    private readonly ConnectionHost _host;
    private readonly EventLoop _loop;
    private readonly OutboundQueue _queue;
    private readonly TransportConnection _transport;
    private CancellationTokenSource? _closedSource;
    private LoopTimer? _firstTimer;
    private long _protocolDue;
    private long _engineDue;
    private long _armedDue;
    private int _state;
    private int _reason;
    private bool _turnEndAsked;

    internal Connection(ConnectionHost host, TransportConnection transport)
    {
        _host = host;
        _transport = transport;
        _loop = transport.Loop;
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

    /// <summary>
    /// Sets the protocol's single deadline to now + <paramref name="dueIn"/>; <see cref="ConnectionProtocol.OnDeadline"/> is raised up to 64 ms later than
    /// that. <see cref="Timeout.InfiniteTimeSpan"/> clears it. Has no effect once the connection has ended. Loop only. Costs O(1) and allocates nothing.
    /// </summary>
    public void SetDeadline(TimeSpan dueIn)
    {
        CheckLoop();
        if (State == ConnectionState.Closed)
        {
            return;
        }

        _protocolDue = dueIn == Timeout.InfiniteTimeSpan ? 0 : _loop.DueAfter(dueIn);
        ArmDeadline(_protocolDue);
    }

    /// <summary>Cancels the protocol's deadline. Loop only.</summary>
    public void ClearDeadline()
    {
        CheckLoop();
        _protocolDue = 0;
    }

    /// <summary>
    /// Makes a timer of this connection, not yet set; a connection may have several. It never fires once the connection has ended. Loop only.
    /// Allocates the timer; setting and moving it allocates nothing.
    /// </summary>
    /// <param name="onDue">Called on the loop. An exception ends the connection, as one from a protocol's callback does.</param>
    /// <param name="state">Handed to <paramref name="onDue"/>.</param>
    public LoopTimer CreateTimer(Action<object?> onDue, object? state)
    {
        ArgumentNullException.ThrowIfNull(onDue);
        CheckLoop();
        var timer = new LoopTimer(_loop, this, onDue, state) { NextOfOwner = _firstTimer };
        _firstTimer = timer;
        return timer;
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

    bool ILoopTimerOwner.IsEnded => State == ConnectionState.Closed;

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
            _engineDue = NowMilliseconds + _transport.EstablishMilliseconds;
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

    void ILoopMember.OnDue()
    {
        _armedDue = 0;
        long now = NowMilliseconds;
        if (_engineDue != 0 && _engineDue <= now)
        {
            _engineDue = 0;
            OnEngineDue();
        }

        if (_protocolDue != 0 && _protocolDue <= now)
        {
            _protocolDue = 0;
            if (IsOpen)
            {
                try
                {
                    Protocol.OnDeadline(this);
                }
                catch (Exception exception)
                {
                    Fault(exception);
                }
            }
        }

        if (State != ConnectionState.Closed)
        {
            ArmDeadline(_protocolDue);
            ArmDeadline(_engineDue);
        }
    }

    void ILoopMember.OnTurnEnd()
    {
        _turnEndAsked = false;
        if (State >= ConnectionState.Releasing)
        {
            return;
        }

        AdoptForeignSends();
        ResumePump();
        if (!_isHeld || _flushDue || State != ConnectionState.Open)
        {
            Flush();
        }

        ServeWaiters();
        CountBacklog();
        RaiseDrained();
        if (State != ConnectionState.Open)
        {
            ProgressClose();
        }
    }

    void ILoopTimerOwner.OnTimerFault(Exception exception) => Fault(exception);

    private void EndTimers()
    {
        for (LoopTimer? timer = _firstTimer; timer is not null; timer = timer.NextOfOwner)
        {
            timer.End();
        }

        _firstTimer = null;
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

    /// <summary>Only an earlier deadline moves the slot's; a later one is found when the earlier fires, so that moving back and forth stays cheap.</summary>
    private void ArmDeadline(long due)
    {
        if (due != 0 && (_armedDue == 0 || due < _armedDue))
        {
            _armedDue = due;
            _loop.SetDue(Id, due);
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
