using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>
/// Connects out: TCP, Unix domain sockets and TLS, on event loops of its own or on those of a server. The connections are the same as accepted ones, and speak
/// by the same protocols. All members may be called from any thread.
/// </summary>
public sealed class EngineClient : IAsyncDisposable
{
    private readonly IClientLoops _loops;
    private int _disposed;

    /// <summary>Makes a client with loops of its own, and starts them.</summary>
    /// <param name="options">Read now; the defaults when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">The transport does not exist on this operating system.</exception>
    public EngineClient(EngineClientOptions? options = null) => _loops = new OwnLoops(options ?? new EngineClientOptions());

    /// <summary>
    /// Makes a client on a server's loops, which must have been started. Its connections count among the server's, have its limits and clocks, and end with it.
    /// </summary>
    /// <param name="server">The server; disposing the client leaves it and the connections alone.</param>
    public EngineClient(EngineServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        _loops = server.ClientLoops;
    }

    /// <summary>Connections open at the moment; on a server's loops, all of the server.</summary>
    public int ConnectionCount => _loops.ConnectionCount;

    /// <summary>The counters of the loops.</summary>
    public EngineMetrics Metrics => _loops.Metrics;

    /// <summary>
    /// Connects to a host by name. Its addresses are tried in the order of the system, each a quarter of a second after the one before or as soon as that has
    /// failed; the first that is connected is taken (RFC 8305).
    /// </summary>
    /// <param name="host">A name, or an address as text.</param>
    /// <param name="port">The port.</param>
    /// <param name="createProtocol">Gives the connection its first protocol, on its loop, once it is connected and secured. What it throws comes out.</param>
    /// <param name="options">The defaults when null.</param>
    /// <param name="cancellationToken">Ends the attempt; nothing stays open.</param>
    /// <returns>The connection, once its protocol was started.</returns>
    /// <exception cref="SocketException">No address could be connected to; the exception is the last one's.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed, or the certificate was refused.</exception>
    /// <exception cref="IOException">The proxy refused the tunnel.</exception>
    /// <exception cref="TimeoutException">It took longer than <see cref="ConnectOptions.Timeout"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed, or the server stops.</exception>
    public async Task<Connection> ConnectAsync(
        string host, int port, Func<Connection, ConnectionProtocol> createProtocol, ConnectOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        options ??= new ConnectOptions();
        var attempt = new ConnectAttempt(_loops, createProtocol, options, host, port);
        ThrowIfDisposed();
        EndPoint first = options.Proxy?.EndPoint ?? new DnsEndPoint(host, port);
        if (first is not DnsEndPoint name)
        {
            return await attempt.RunAsync(first, cancellationToken).ConfigureAwait(false);
        }

        return IPAddress.TryParse(name.Host, out IPAddress? literal)
            ? await attempt.RunAsync(new IPEndPoint(literal, name.Port), cancellationToken).ConfigureAwait(false)
            : await ConnectRace.RunAsync(attempt, name.Host, name.Port, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Connects to an address, or to a Unix domain socket.</summary>
    /// <param name="endPoint">Where to; a <see cref="DnsEndPoint"/> is resolved as by the other overload.</param>
    /// <param name="createProtocol">Gives the connection its first protocol, on its loop, once it is connected and secured.</param>
    /// <param name="options">The defaults when null.</param>
    /// <param name="cancellationToken">Ends the attempt; nothing stays open.</param>
    /// <returns>The connection, once its protocol was started.</returns>
    /// <exception cref="SocketException">The connect failed.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed, or the certificate was refused.</exception>
    /// <exception cref="IOException">The proxy refused the tunnel.</exception>
    /// <exception cref="TimeoutException">It took longer than <see cref="ConnectOptions.Timeout"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed, or the server stops.</exception>
    public async Task<Connection> ConnectAsync(
        EndPoint endPoint, Func<Connection, ConnectionProtocol> createProtocol, ConnectOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        if (endPoint is DnsEndPoint name)
        {
            return await ConnectAsync(name.Host, name.Port, createProtocol, options, cancellationToken).ConfigureAwait(false);
        }

        if (endPoint is IPEndPoint { } address && options?.Proxy is not null)
        {
            return await ConnectAsync(address.Address.ToString(), address.Port, createProtocol, options, cancellationToken).ConfigureAwait(false);
        }

        var attempt = new ConnectAttempt(_loops, createProtocol, options ?? new ConnectOptions(), (endPoint as IPEndPoint)?.Address.ToString(), 0);
        ThrowIfDisposed();
        return await attempt.RunAsync(endPoint, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>With loops of its own: ends every connection at once, then the loops. Connects under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _loops.CloseAsync().ConfigureAwait(false);
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0 || _loops.IsEnding, this);
}
