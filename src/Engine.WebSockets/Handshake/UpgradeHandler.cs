using Engine.Http1;

namespace Engine.WebSockets;

/// <summary>The HTTP handler of a WebSocket endpoint: checks the handshake, asks the host, names the successor. Any loop.</summary>
internal abstract class UpgradeHandler(WebSocketEndpoint endpoint)
{
    private const string Protocol = "websocket";

    public ValueTask HandleAsync(HttpContext context)
    {
        HandshakeRequest request = Read(context);
        bool mayKeepHistory = context.Connection.Options.Backpressure != BackpressurePolicy.DropOldest;
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

/// <summary>The same for a handler with data of its own.</summary>
internal sealed class UpgradeHandler<TData>(HandlerEndpoint<TData> endpoint, WebSocketHandler<TData> handler) : UpgradeHandler(endpoint)
{
    protected override ValueTask DecideAsync(HttpContext context, HandshakeVerdict verdict)
    {
        var upgrade = new WebSocketUpgrade<TData>(context, verdict.RequestedProtocols, verdict.SubProtocol);
        ValueTask decision = handler.OnUpgradeAsync(upgrade);
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
            var socket = new WebSocketConnection<TData>(endpoint, context.Connection, upgrade.SubProtocol, verdict.Deflate, upgrade.Data!);
            Accept(context, in verdict, upgrade.SubProtocol, socket);
        }
    }
}

/// <summary>The same for a function that reads.</summary>
internal sealed class ReaderUpgradeHandler(ReaderEndpoint endpoint) : UpgradeHandler(endpoint)
{
    protected override ValueTask DecideAsync(HttpContext context, HandshakeVerdict verdict)
    {
        var socket = new WebSocketConnection<MessageReader>(endpoint, context.Connection, verdict.SubProtocol, verdict.Deflate, new MessageReader(endpoint.Options.MaxUnreadBytes));
        Accept(context, in verdict, verdict.SubProtocol, socket);
        return ValueTask.CompletedTask;
    }
}
