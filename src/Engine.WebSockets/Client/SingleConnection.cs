namespace Engine.WebSockets;

/// <summary>Connections of a client that does not come back, and their loops where they have their own.</summary>
internal static class SingleConnection
{
    public static async Task<WebSocketConnection> OpenAsync(Uri uri, WebSocketClientOptions options, CancellationToken cancellationToken)
    {
        var attempt = new WebSocketAttempt(uri, options.Headers, number: 1, isReconnect: false, lastFailure: null);
        if (options.Engine is { } shared)
        {
            return await OpenAsync(attempt, options, shared, cancellationToken).ConfigureAwait(false);
        }

        var own = new EngineClient();
        try
        {
            WebSocketConnection socket = await OpenAsync(attempt, options, own, cancellationToken).ConfigureAwait(false);
            _ = EndAsync(own, socket.ClosedToken);
            return socket;
        }
        catch
        {
            await own.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes one connection on the loops of <paramref name="engine"/>, which stays the caller's.</summary>
    public static async Task<WebSocketConnection> OpenAsync(WebSocketAttempt attempt, WebSocketClientOptions options, EngineClient engine, CancellationToken cancellationToken)
    {
        if (options.BeforeConnect is { } beforeConnect)
        {
            await beforeConnect(attempt, cancellationToken).ConfigureAwait(false);
        }

        var endpoint = new ReadingEndpoint(options.ToEndpoint(), isClient: true);
        return await ClientConnector.ConnectAsync(engine, attempt, options, CreateSocket, cancellationToken).ConfigureAwait(false);

        WebSocketConnection CreateSocket(Connection connection, ClientAgreement agreement)
        {
            var made = new WebSocketConnection<object?>(endpoint, connection, agreement.SubProtocol, agreement.Deflate, null)
            {
                Reader = new MessageReader(endpoint.Options.MaxUnreadBytes),
            };
            made.Reader.Attach(connection, made.Protocol);
            return made;
        }
    }

    private static async Task EndAsync(EngineClient own, CancellationToken closed)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (closed.UnsafeRegister(static ended => ((TaskCompletionSource)ended!).TrySetResult(), ended))
        {
            await ended.Task.ConfigureAwait(false);
        }

        await own.DisposeAsync().ConfigureAwait(false);
    }
}
