using Engine.Http1;

namespace Engine.WebSockets;

/// <summary>The HTTP handler of a WebSocket endpoint: checks the handshake, asks the host, names the successor. Any loop.</summary>
internal abstract class UpgradeHandler(WebSocketEndpoint endpoint)
{
    protected WebSocketEndpoint Endpoint => endpoint;

    private const string Protocol = "websocket";

    public ValueTask HandleAsync(HttpContext context)
    {
        HandshakeRequest request = Read(context);
        bool mayKeepHistory = (endpoint.Options.Connections ?? context.Connection.Options).Backpressure != BackpressurePolicy.DropOldest;
        HandshakeVerdict verdict = ServerHandshake.Check(in request, endpoint.Options, mayKeepHistory);
        return verdict.IsAccepted ? DecideAsync(context, verdict) : RefuseAsync(context, verdict);
    }

    /// <summary>Asks the host, then accepts or not.</summary>
    protected abstract ValueTask DecideAsync(HttpContext context, HandshakeVerdict verdict);

    protected void Accept(HttpContext context, in HandshakeVerdict verdict, string? subProtocol, WebSocketConnection socket)
    {
        if (endpoint.Options.RequireSubProtocol && subProtocol is null)
        {
            context.Response.StatusCode = 400;
            return;
        }

        ResponseHeaders headers = context.Response.Headers;
        headers.Set("Sec-WebSocket-Accept", verdict.AcceptValue);
        if (subProtocol is not null)
        {
            headers.Set("Sec-WebSocket-Protocol", subProtocol);
        }

        if (verdict.ExtensionAnswer is { } extension)
        {
            headers.Set("Sec-WebSocket-Extensions", extension);
        }

        context.Upgrade!.Accept(Protocol, socket.Protocol);
    }

    private static ValueTask RefuseAsync(HttpContext context, in HandshakeVerdict verdict)
    {
        HttpResponse response = context.Response;
        response.StatusCode = verdict.StatusCode;
        response.ContentType = "text/plain";
        switch (verdict.StatusCode)
        {
            case 405:
                response.Headers.Set("Allow", "GET");
                break;
            case 426:
                response.Headers.Set("Upgrade", Protocol);
                break;
        }

        if (verdict.TellsVersion)
        {
            response.Headers.Set("Sec-WebSocket-Version", ServerHandshake.ProtocolVersion);
        }

        return response.WriteAsync(verdict.Reason ?? "");
    }

    private static HandshakeRequest Read(HttpContext context)
    {
        RequestHeaders headers = context.Request.Headers;
        return new HandshakeRequest
        {
            IsGet = context.Request.RawMethod.SequenceEqual("GET"u8),
            IsHttp11 = context.Upgrade is not null,
            Host = headers["Host"],
            Connection = Join(headers, "Connection"),
            Upgrade = context.Upgrade?.Protocols,
            Key = Join(headers, "Sec-WebSocket-Key"),
            Version = Join(headers, "Sec-WebSocket-Version"),
            Protocols = Join(headers, "Sec-WebSocket-Protocol"),
            Extensions = Join(headers, "Sec-WebSocket-Extensions"),
            Origin = Join(headers, "Origin"),
        };
    }

    private static string? Join(RequestHeaders headers, string name)
        => headers.Contains(name) ? string.Join(", ", headers.GetAll(name)) : null;
}

/// <summary>The same for connections with data of the host's.</summary>
/// <param name="endpoint">The endpoint.</param>
/// <param name="decide">The host's decision; null to accept everybody.</param>
/// <param name="isRead">Whether messages are asked for, rather than handed to a handler.</param>
internal sealed class UpgradeHandler<TData>(WebSocketEndpoint endpoint, Func<WebSocketUpgrade<TData>, ValueTask>? decide, bool isRead) : UpgradeHandler(endpoint)
{
    protected override ValueTask DecideAsync(HttpContext context, HandshakeVerdict verdict)
    {
        var upgrade = new WebSocketUpgrade<TData>(context, verdict.RequestedProtocols, verdict.SubProtocol);
        ValueTask decision = decide?.Invoke(upgrade) ?? ValueTask.CompletedTask;
        if (!decision.IsCompletedSuccessfully)
        {
            return Awaited(decision, upgrade, verdict);
        }

        decision.GetAwaiter().GetResult();
        Conclude(upgrade, verdict);
        return ValueTask.CompletedTask;
    }

    private async ValueTask Awaited(ValueTask decision, WebSocketUpgrade<TData> upgrade, HandshakeVerdict verdict)
    {
        await decision.ConfigureAwait(true);
        Conclude(upgrade, verdict);
    }

    private void Conclude(WebSocketUpgrade<TData> upgrade, in HandshakeVerdict verdict)
    {
        HttpContext context = upgrade.Context;

        // A host that set a status has answered, also without a call of Refuse: nobody is let in whom it meant to keep out.
        if (!upgrade.IsRefused && !context.Response.HasStarted && context.Response.StatusCode is (200 or 101))
        {
            var socket = new WebSocketConnection<TData>(Endpoint, context.Connection, upgrade.SubProtocol, verdict.Deflate, upgrade.Data!)
            {
                Reader = isRead ? new MessageReader(Endpoint.Options.MaxUnreadBytes) : null,
            };
            Accept(context, in verdict, upgrade.SubProtocol, socket);
        }
    }
}
