using System.Net.Security;
using System.Net.Sockets;

namespace Engine.WebSockets;

/// <summary>Makes one connection: TCP or a Unix domain socket, a proxy's tunnel, TLS where the URI says so, then the opening handshake.</summary>
internal static class ClientConnector
{
    /// <exception cref="WebSocketHandshakeException">The server refused.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">TLS failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The engine has ended.</exception>
    public static async Task<WebSocketConnection> ConnectAsync(
        EngineClient engine,
        WebSocketAttempt attempt,
        WebSocketClientOptions options,
        Func<Connection, ClientAgreement, WebSocketConnection> createSocket,
        CancellationToken cancellationToken)
    {
        string key = AcceptKey.Create();
        byte[] request = ClientHandshake.Request(attempt.Uri, attempt.Headers, options, key);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.ConnectTimeout);
        List<ClientHandshakeProtocol> made = [];
        try
        {
            Connection connection = await OpenAsync(engine, attempt.Uri, options, CreateProtocol, limit.Token).ConfigureAwait(false);
            ClientHandshakeProtocol handshake;
            lock (made)
            {
                handshake = made.First(one => one.Connection == connection);
            }

            handshake.Begin();
            using CancellationTokenRegistration registration = limit.Token.UnsafeRegister((_, token) => handshake.Cancel(token), null);
            return await handshake.Task.ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException("The server did not answer in time.", exception);
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException)
        {
            throw new IOException($"The connection failed: {exception.Message}", exception);
        }

        ConnectionProtocol CreateProtocol(Connection connection)
        {
            var handshake = new ClientHandshakeProtocol(connection, request, head => ClientHandshake.ReadAnswer(head, options, key), createSocket);
            lock (made)
            {
                made.Add(handshake);
            }

            return handshake;
        }
    }

    private static Task<Connection> OpenAsync(
        EngineClient engine, Uri uri, WebSocketClientOptions options, Func<Connection, ConnectionProtocol> createProtocol, CancellationToken cancellationToken)
    {
        var connect = new ConnectOptions
        {
            Timeout = options.ConnectTimeout,
            Tls = uri.Scheme == "wss" ? options.Tls ?? new SslClientAuthenticationOptions() : null,
            HostName = uri.IdnHost,
            Proxy = options.Proxy,
        };
        return options.EndPoint is { } endPoint
            ? engine.ConnectAsync(endPoint, createProtocol, connect, cancellationToken)
            : engine.ConnectAsync(uri.IdnHost, uri.Port, createProtocol, connect, cancellationToken);
    }
}
