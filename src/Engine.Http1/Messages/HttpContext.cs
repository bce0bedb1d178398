namespace Engine.Http1;

/// <summary>
/// One request and its response. Pooled: valid until the task of the handler completes, and never after. For one thread at a time, whichever the handler
/// runs on.
/// </summary>
public sealed class HttpContext
{
    private readonly UpgradeOffer _offer;
    private Connection? _connection;

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
    public Connection Connection => _connection!;

    /// <summary>Whatever middleware wants to hand to handlers.</summary>
    public object? Items { get; set; }

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

    internal void Begin(Connection connection, bool offersUpgrade)
    {
        _connection = connection;
        Upgrade = offersUpgrade ? _offer : null;
    }

    internal void Reset()
    {
        Request.Reset();
        Response.Reset();
        RouteParameters.Clear();
        _offer.Clear();
        RouteKind = RouteKind.None;
        Items = null;
        Upgrade = null;
        RouteHandler = null;
        AllowedMethods = null;
        Failure = null;
    }

    internal void Detach()
    {
        _connection = null;
    }
}
