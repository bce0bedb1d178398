using Engine.Http1;

namespace Engine.WebSockets;

/// <summary>
/// A handshake that keeps every rule, before it is accepted: the host may read the request, attach its data, choose the subprotocol, add response headers
/// through <see cref="HttpContext.Response"/>, or refuse. Valid until the task of <see cref="WebSocketHandler{TData}.OnUpgradeAsync"/> completes.
/// </summary>
/// <typeparam name="TData">What the host keeps for each connection.</typeparam>
public sealed class WebSocketUpgrade<TData>
{
    private string? _subProtocol;

    internal WebSocketUpgrade(HttpContext context, IReadOnlyList<string> requested, string? chosen)
    {
        Context = context;
        RequestedSubProtocols = requested;
        _subProtocol = chosen;
    }

    /// <summary>The request and its response.</summary>
    public HttpContext Context { get; }

    /// <summary>What becomes the connection's <see cref="WebSocketConnection{TData}.Data"/>.</summary>
    public TData? Data { get; set; }

    /// <summary>The subprotocols that the client offers, in its order.</summary>
    public IReadOnlyList<string> RequestedSubProtocols { get; }

    /// <summary>The subprotocol that is answered; chosen by <see cref="WebSocketEndpointOptions.SubProtocols"/>, and free to change or to leave out.</summary>
    /// <exception cref="ArgumentException">The client did not offer it (RFC 6455 §4.2.2).</exception>
    public string? SubProtocol
    {
        get => _subProtocol;
        set
        {
            if (value is not null && !RequestedSubProtocols.Contains(value))
            {
                throw new ArgumentException("The client did not offer this subprotocol.", nameof(value));
            }

            _subProtocol = value;
        }
    }

    /// <summary>Whether <see cref="Refuse"/> was called.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Answers with a status instead; headers and a body may be written to the response.</summary>
    /// <param name="statusCode">200 to 599; 403 by default.</param>
    public void Refuse(int statusCode = 403)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(statusCode, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(statusCode, 599);
        Context.Response.StatusCode = statusCode;
        IsRefused = true;
    }
}
