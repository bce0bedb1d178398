using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Engine;

/// <summary>What the attempts of one connect share, and one attempt at one address.</summary>
internal sealed class ConnectAttempt
{
    private readonly IClientLoops _loops;
    private readonly Func<Connection, ConnectionProtocol> _createProtocol;
    private readonly ConnectOptions _options;
    private readonly SocketSettings _settings;
    private readonly SslClientAuthenticationOptions? _tls;
    private readonly EventLoop? _loop;
    private readonly string? _host;
    private readonly int _port;

    /// <param name="loops">Where connections live.</param>
    /// <param name="createProtocol">Gives a connection its first protocol.</param>
    /// <param name="options">How it is made.</param>
    /// <param name="host">The host, for TLS and for a proxy; null when it has no name, as a Unix domain socket.</param>
    /// <param name="port">The host's port.</param>
    public ConnectAttempt(IClientLoops loops, Func<Connection, ConnectionProtocol> createProtocol, ConnectOptions options, string? host, int port)
    {
        ArgumentNullException.ThrowIfNull(createProtocol);
        options.Check();
        _loops = loops;
        _createProtocol = createProtocol;
        _options = options;
        _settings = options.ToSettings();
        _tls = WithHost(options.Tls, options.HostName ?? host);
        _host = host;
        _port = port;
        if (host is null && options.Proxy is not null)
        {
            throw new ArgumentException("A proxy leads to hosts, not to a Unix domain socket.", nameof(options));
        }

        _loop = options.Loop?.EventLoop;
        if (_loop is not null && !loops.Transport.Loops.Contains(_loop))
        {
            throw new ArgumentException("The loop is none of the client's.", nameof(options));
        }
    }

    public TimeSpan Timeout => _options.Timeout;

    /// <summary>Connects to one address. Returns the connection once its protocol was started.</summary>
    public async Task<Connection> RunAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EventLoop loop = _loop ?? _loops.NextLoop();
        var request = new OutboundRequest(endPoint, _options.LocalEndPoint, _options.Timeout, _settings);
        var pending = new Pending(this, endPoint);
        await _loops.Transport.ConnectAsync(loop, request, pending, cancellationToken).ConfigureAwait(false);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static (pending, token) => ((Pending)pending!).Cancel(token), pending);
        return await pending.Task.ConfigureAwait(false);
    }

    private ProxyTunnel? OpenTunnel() => _options.Proxy?.Open(_host!, _port);

    private static SslClientAuthenticationOptions? WithHost(SslClientAuthenticationOptions? tls, string? host)
    {
        if (tls is null || !string.IsNullOrEmpty(tls.TargetHost))
        {
            return tls;
        }

        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            AllowRenegotiation = tls.AllowRenegotiation,
            AllowTlsResume = tls.AllowTlsResume,
            ApplicationProtocols = tls.ApplicationProtocols,
            CertificateChainPolicy = tls.CertificateChainPolicy,
            CertificateRevocationCheckMode = tls.CertificateRevocationCheckMode,
            CipherSuitesPolicy = tls.CipherSuitesPolicy,
            ClientCertificateContext = tls.ClientCertificateContext,
            ClientCertificates = tls.ClientCertificates,
            EnabledSslProtocols = tls.EnabledSslProtocols,
            EncryptionPolicy = tls.EncryptionPolicy,
            LocalCertificateSelectionCallback = tls.LocalCertificateSelectionCallback,
            RemoteCertificateValidationCallback = tls.RemoteCertificateValidationCallback,
        };
    }

    /// <summary>The connection from when its loop has it until its protocol was started, or it has failed.</summary>
    private sealed class Pending(ConnectAttempt attempt, EndPoint endPoint) : ITransportHost
    {
        private readonly TaskCompletionSource<Connection> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Connection? _connection;
        private bool _isCancelled;

        public Task<Connection> Task => _done.Task;

        public void OnAccepted(EventLoop loop, TransportConnection transport)
        {
            if (loop.HasEnded)
            {
                // The loop ended while the connection was on its way to it.
                transport.Discard();
                _done.TrySetException(new ObjectDisposedException(nameof(EngineClient)));
                return;
            }

            if (attempt._tls is { } tls)
            {
                Func<Stream, Task>? prelude = attempt.OpenTunnel() is { } tunnel ? tunnel.RunAsync : null;
                transport = new SslStreamConnection(
                    transport, stream => stream.AuthenticateAsClientAsync(tls), (long)attempt.Timeout.TotalMilliseconds, prelude);
            }

            attempt._loops.CountConnection(loop);
            var connection = new Connection(attempt._loops.Host, transport);
            Interlocked.Exchange(ref _connection, connection);
            connection.Start(
                attempt._tls is null && attempt.OpenTunnel() is { } plainTunnel
                    ? _ => new TunnelProtocol(plainTunnel, attempt.Timeout, CreateProtocol, exception => _done.TrySetException(exception))
                    : CreateProtocol,
                reason => Fail(transport, reason));
            if (attempt._loops.IsEnding || Volatile.Read(ref _isCancelled))
            {
                connection.Abort(CloseReason.Aborted);
            }
        }

        public void OnAcceptFailed(string error) => _done.TrySetException(new SocketException((int)SocketError.SocketError, error));

        /// <summary>Any thread.</summary>
        public void Cancel(CancellationToken token)
        {
            // The loop sets the connection, then looks for this; here it is the other way round: one of the two sees the other.
            Interlocked.Exchange(ref _isCancelled, true);
            if (_done.TrySetCanceled(token))
            {
                Volatile.Read(ref _connection)?.Abort(CloseReason.Aborted);
            }
        }

        private ConnectionProtocol CreateProtocol(Connection made)
        {
            try
            {
                ConnectionProtocol protocol = attempt._createProtocol(made);

                // Told once the protocol has been started, which is the next thing that the loop does.
                made.Post(static state => ((Pending)state!).Succeed(), this);
                return protocol;
            }
            catch (Exception exception)
            {
                _done.TrySetException(exception);
                throw;
            }
        }

        private void Succeed()
        {
            if (!_done.TrySetResult(_connection!))
            {
                _connection!.Abort(CloseReason.Aborted);
            }
        }

        private void Fail(TransportConnection transport, CloseReason reason)
            => _done.TrySetException(transport.EstablishFailure ?? (reason == CloseReason.Timeout
                ? new TimeoutException($"{endPoint} did not answer in time.")
                : new SocketException((int)(reason == CloseReason.PeerReset ? SocketError.ConnectionReset : SocketError.ConnectionAborted))));
    }
}
