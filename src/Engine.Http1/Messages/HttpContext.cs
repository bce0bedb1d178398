namespace Engine.Http1;

/// <summary>
/// One request and its response. Valid until the task of the handler completes: later use throws <see cref="ObjectDisposedException"/>. For one thread at a
/// time, whichever the handler runs on.
/// </summary>
public sealed class HttpContext
{
    private readonly UpgradeOffer _offer;
    private Connection? _connection;
    private Dictionary<object, object?>? _items;
    private CancellationTokenSource? _aborted;
    private IServiceProvider? _services;
    private int _isAborted;

    internal HttpContext()
    {
        _offer = new UpgradeOffer(Request, Response);
        RouteParameters = new RouteParameters(Request);
    }

    /// <summary>The request.</summary>
    public HttpRequest Request { get; } = new();

    /// <summary>The response.</summary>
    public HttpResponse Response { get; } = new();

    /// <summary>What the route's parameters matched.</summary>
    public RouteParameters RouteParameters { get; }

    /// <summary>What the request was routed to.</summary>
    public RouteKind RouteKind { get; internal set; }

    /// <summary>The connection that carries the request.</summary>
    /// <exception cref="ObjectDisposedException">The request has ended.</exception>
    public Connection Connection => _connection ?? throw EndedRequest.Exception();

    /// <summary>
    /// What middleware hands to handlers, each thing under a key of its own: an object that its owner keeps private, or a string. Made on first use; its own for each
    /// request.
    /// </summary>
    public IDictionary<object, object?> Items => _items ??= new Dictionary<object, object?>();

    /// <summary>
    /// The services of this request: made on first use by <see cref="HttpServerOptions.CreateRequestServices"/>, disposed when the handlers have completed.
    /// </summary>
    /// <exception cref="InvalidOperationException">The server was given no services.</exception>
    /// <exception cref="ObjectDisposedException">The request has ended.</exception>
    public IServiceProvider Services
    {
        get
        {
            ObjectDisposedException.ThrowIf(_connection is null, this);
            return _services ??= CreateServices?.Invoke() ?? throw new InvalidOperationException("The server was given no services: set HttpServerOptions.CreateRequestServices.");
        }
    }

    /// <summary>
    /// Cancelled when the client has gone while the request runs: when the connection has ended, and, unless
    /// <see cref="HttpServerOptions.ServeHalfClosedPeers"/> is set, when the client has ended its sending side, which is how most leave. A response may still be
    /// written in the latter case. Made on first use. Callbacks run where handlers run.
    /// </summary>
    public CancellationToken RequestAborted
    {
        get
        {
            ObjectDisposedException.ThrowIf(_connection is null, this);
            CancellationTokenSource? source = Volatile.Read(ref _aborted);
            if (source is null)
            {
                var made = new CancellationTokenSource();
                source = Interlocked.CompareExchange(ref _aborted, made, null) ?? made;
                if (Volatile.Read(ref _isAborted) != 0)
                {
                    source.Cancel();
                }
            }

            return source.Token;
        }
    }

    /// <summary>The offer to change the protocol; null when the request makes none that could be accepted.</summary>
    public UpgradeOffer? Upgrade { get; private set; }

    /// <summary>Makes the request's services; set for each request before it is routed.</summary>
    internal Func<IServiceProvider>? CreateServices { get; set; }

    /// <summary>Whether a handler asked for services, which are to be disposed.</summary>
    internal bool HasServices => _services is not null;

    /// <summary>The handler that the route names.</summary>
    internal HttpHandler? RouteHandler { get; set; }

    /// <summary>The pattern of the route; null when there is none.</summary>
    internal string? RouteTemplate { get; set; }

    /// <summary>Methods that the path knows when it does not know this one.</summary>
    internal string? AllowedMethods { get; set; }

    /// <summary>What the handler failed with, on its way to the loop.</summary>
    internal Exception? Failure { get; set; }

    /// <summary>Whether code may hold this context that the loop does not wait for: its handler did not complete within the loop's call.</summary>
    internal bool IsShared { get; set; }

    /// <summary>The limits of the route, where they differ from the server's.</summary>
    internal RouteOptions? RouteOptions { get; set; }

    /// <summary>Whether the handler has taken longer than its route allows.</summary>
    internal bool IsTimedOut { get; set; }

    internal PoolLease Lease;

    /// <summary>Called on the loop when the request is over, well or not, with its final status: once, then forgotten.</summary>
    internal Action<HttpContext>? Ended { get; set; }

    /// <summary>When the first who watches the request saw it, by <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    internal long WatchedSince { get; set; }

    internal bool IsAborted => Volatile.Read(ref _isAborted) != 0;

    /// <summary>Disposes the request's services. The handlers have completed.</summary>
    internal ValueTask EndServicesAsync()
    {
        IServiceProvider? services = _services;
        _services = null;
        switch (services)
        {
            case IAsyncDisposable later:
                return later.DisposeAsync();
            case IDisposable now:
                now.Dispose();
                break;
        }

        return default;
    }

    /// <summary>The client has gone. Loop only.</summary>
    internal void Abort(HandlerScheduling scheduling)
    {
        Interlocked.Exchange(ref _isAborted, 1);
        if (Volatile.Read(ref _aborted) is not { } source)
        {
            return;
        }

        if (scheduling == HandlerScheduling.ThreadPool)
        {
            _ = source.CancelAsync();
        }
        else
        {
            source.Cancel();
        }
    }

    internal void Begin(Connection connection, bool offersUpgrade)
    {
        _connection = connection;
        Upgrade = offersUpgrade ? _offer : null;
    }

    internal void Reset()
    {
        RaiseEnded();
        Request.Reset();
        Response.Reset();
        RouteParameters.Clear();
        _offer.Clear();
        RouteKind = RouteKind.None;
        _items = null;
        _services = null;
        _aborted = null;
        _isAborted = 0;
        Upgrade = null;
        RouteHandler = null;
        RouteTemplate = null;
        RouteOptions = null;
        IsTimedOut = false;
        AllowedMethods = null;
        Failure = null;
    }

    /// <summary>Tells whoever watches requests, while everything about this one still stands.</summary>
    private void RaiseEnded()
    {
        if (Ended is not { } ended)
        {
            return;
        }

        Ended = null;
        try
        {
            ended(this);
        }
        catch (Exception exception)
        {
            _connection?.ReportFault(exception);
        }
    }

    /// <summary>The request has ended: whoever still holds the context reaches nothing through it.</summary>
    internal void End()
    {
        Reset();
        Response.End();
        _connection = null;
        IsShared = false;
    }
}
