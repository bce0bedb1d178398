namespace Engine.WebSockets;

/// <summary>The client's connections, one after another: the first, those that follow a lost one, and when there are no more.</summary>
public sealed partial class WebSocketClient
{
    private EngineClient? _ownEngine;
    private Exception? _lastFailure;

    /// <summary>Attempts since the last connection that lasted.</summary>
    private int _attempts;

    private bool IsLastAttempt => _options.MaxReconnectAttempts != 0 && _attempts >= _options.MaxReconnectAttempts;

    private async Task RunAsync(ClientSession session)
    {
        WebSocketClosure closure;
        try
        {
            while (true)
            {
                long openedAt = Environment.TickCount64;
                closure = await session.Ended.ConfigureAwait(false);
                Volatile.Write(ref _session, null);
                if (Environment.TickCount64 - openedAt >= _options.MinUptime.TotalMilliseconds)
                {
                    _attempts = 0;
                }

                _lastFailure = null;
                Raise(Disconnected, closure);
                if (!MayReconnect(closure))
                {
                    break;
                }

                Move(WebSocketClientState.Reconnecting);
                session = await DialAsync(isReconnect: true, _closing.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Closed meanwhile.
            closure = await session.Ended.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The attempts are used up, or the server refuses for good.
            RaiseFault(exception);
            closure = await session.Ended.ConfigureAwait(false);
        }

        await EndAsync(closure).ConfigureAwait(false);
    }

    /// <summary>A server that says that it is done, or that this client misbehaves, is not asked again.</summary>
    private bool MayReconnect(WebSocketClosure closure)
        => _options.Reconnect && Volatile.Read(ref _closeAsked) is null && (int)closure.Code is not (1000 or 1002 or 1003 or 1007 or 1008 or 1009 or 1010);

    /// <summary>Connects, again and again where that is asked for.</summary>
    private async Task<ClientSession> DialAsync(bool isReconnect, CancellationToken cancellationToken)
    {
        bool isRepeated = isReconnect || _options.RetryFirstConnect;
        int waits = 0;
        if (isReconnect && IsLastAttempt)
        {
            throw new IOException("The server ends every connection at once, and the attempts are used up.");
        }

        while (true)
        {
            if (isReconnect || waits > 0)
            {
                TimeSpan? asked = (_lastFailure as WebSocketHandshakeException)?.RetryAfter;
                await Task.Delay(ReconnectBackoff.Delay(isReconnect ? _attempts : waits - 1, _options, asked), cancellationToken).ConfigureAwait(false);
                _attempts += isReconnect ? 1 : 0;
            }

            waits++;
            try
            {
                return await DialOnceAsync(isReconnect, isReconnect ? _attempts : waits, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (isRepeated && MayRetry(exception) && !cancellationToken.IsCancellationRequested)
            {
                _lastFailure = exception;
                if (isReconnect ? IsLastAttempt : waits == _options.MaxReconnectAttempts)
                {
                    throw;
                }

                RaiseFault(exception);
            }
        }
    }

    private bool MayRetry(Exception exception) => exception switch
    {
        WebSocketHandshakeException { StatusCode: 401 } => _options.BeforeConnect is not null,
        WebSocketHandshakeException { StatusCode: >= 400 and < 500 and not (408 or 425 or 429) } => false,
        ObjectDisposedException => false,
        _ => true,
    };

    private async Task<ClientSession> DialOnceAsync(bool isReconnect, int number, CancellationToken cancellationToken)
    {
        var attempt = new WebSocketAttempt(_uri, _options.Headers, number, isReconnect, _lastFailure);
        if (_options.BeforeConnect is { } beforeConnect)
        {
            await beforeConnect(attempt, cancellationToken).ConfigureAwait(false);
        }

        EngineClient engine = _options.Engine ?? (_ownEngine ??= new EngineClient());
        var session = new ClientSession(_outbox);
        WebSocketConnection socket = await ClientConnector.ConnectAsync(engine, attempt, _options, CreateSocket, cancellationToken).ConfigureAwait(false);
        var greeting = new WebSocketGreeting(isReconnect, socket.SubProtocol);
        try
        {
            Greet?.Invoke(greeting);
        }
        catch
        {
            socket.Abort();
            throw;
        }

        Interlocked.Exchange(ref _session, session);
        Move(WebSocketClientState.Open);
        session.Begin(greeting.Messages);
        AskClose(session);
        return session;

        WebSocketConnection CreateSocket(Connection connection, ClientAgreement agreement)
        {
            var made = new WebSocketConnection<ClientSession>(_endpoint, connection, agreement.SubProtocol, agreement.Deflate, session);
            session.Attach(made);
            return made;
        }
    }
}
