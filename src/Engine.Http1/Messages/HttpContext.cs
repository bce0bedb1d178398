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

    internal HttpContext()
    {
        _offer = new UpgradeOffer(Request);
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

    /// <summary>Cancelled when the connection has ended. Made on first use.</summary>
    public CancellationToken RequestAborted => Connection.ClosedToken;

    /// <summary>The offer to change the protocol; null when the request makes none that could be accepted.</summary>
    public UpgradeOffer? Upgrade { get; private set; }

    /// <summary>The handler that the route names.</summary>
    internal HttpHandler? RouteHandler { get; set; }

    /// <summary>Methods that the path knows when it does not know this one.</summary>
    internal string? AllowedMethods { get; set; }

    /// <summary>What the handler failed with, on its way to the loop.</summary>
    internal Exception? Failure { get; set; }

    /// <summary>Whether code may hold this context that the loop does not wait for: its handler did not complete within the loop's call.</summary>
    internal bool IsShared { get; set; }

    internal PoolLease Lease;

    /// <summary>Called on the loop when the request is over, well or not, with its final status: once, then forgotten.</summary>
    internal Action<HttpContext>? Ended { get; set; }

    /// <summary>When the first who watches the request saw it, by <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    internal long WatchedSince { get; set; }

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
        Upgrade = null;
        RouteHandler = null;
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
