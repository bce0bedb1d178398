using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine.Http1;

/// <summary>
/// An HTTP/1.1 server to embed: map handlers, start, stop. Several may live in one process; nothing is static. Mapping is for one thread, before the start;
/// everything else for any.
/// </summary>
public sealed partial class HttpServer : IAsyncDisposable
{
    private static readonly byte[] ServiceUnavailable =
        Encoding.ASCII.GetBytes("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");

    private readonly HttpServerOptions _options;
    private readonly Router _router = new();
    private readonly List<HttpMiddleware> _middleware = [];
    private readonly FailureChannel _failures = new();
    private HttpHandler? _fallback;
    private HttpApplication? _application;
    private RequestTelemetry? _telemetry;
    private EngineServer? _engine;

    /// <summary>Makes a server; <see cref="StartAsync"/> opens its end points.</summary>
    public HttpServer(HttpServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    /// <summary>
    /// An exception left code of the host: a handler of HTTP, of a stream of events, of a WebSocket (its reading function too), posted work, a timer. The one channel
    /// for all of them, to be subscribed to before the start or after; the connection is null where the code was called for none. Exceptions that are the client's
    /// doing and are answered with 4xx, and cancellations by a client that left, are none. Raised where it happened, mostly on the connection's loop: keep it
    /// short. What a subscriber throws itself is logged.
    /// </summary>
    public event Action<Connection?, Exception>? HandlerFailed
    {
        add => Root._failures.Subscribe(value);
        remove => Root._failures.Unsubscribe(value);
    }

    /// <summary>The engine beneath: its counters, its connections.</summary>
    /// <exception cref="InvalidOperationException">The server has not been started.</exception>
    public EngineServer Engine => _parent is not null ? _parent.Engine : _engine ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>The bound end points, in the order of the options: port 0 has become the port that was free. Empty before the start.</summary>
    public IReadOnlyList<EndPoint> EndPoints => _parent is not null ? _parent.EndPoints : _engine?.EndPoints ?? [];

    /// <summary>The first bound end point.</summary>
    /// <exception cref="InvalidOperationException">The server has not been started.</exception>
    public EndPoint EndPoint => Engine.EndPoints[0];

    /// <summary>Adds middleware around every request: HTTP, WebSocket and SSE routes, and those that no route takes. The first added is the outermost.</summary>
    /// <exception cref="InvalidOperationException">The server has been started.</exception>
    public HttpServer Use(HttpMiddleware middleware)
    {
        ArgumentNullException.ThrowIfNull(middleware);
        ThrowIfStarted();
        _middleware.Add(middleware);
        return this;
    }

    /// <summary>
    /// Maps a method of a pattern: <c>/literal</c>, <c>/{name}</c>, <c>/{name:int}</c> (also long, guid), <c>/{*rest}</c>. The method "*" takes every one. HEAD is answered by GET's handler,
    /// OPTIONS and 405 by the server, unless mapped.
    /// </summary>
    /// <exception cref="ArgumentException">The pattern is malformed.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public HttpServer Map(string method, string pattern, HttpHandler handler) => Map(method, pattern, handler, RouteKind.Http);

    /// <summary>The same for another kind of route: what the packages above map their end points with.</summary>
    /// <exception cref="ArgumentException">The pattern is malformed.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public HttpServer Map(string method, string pattern, HttpHandler handler, RouteKind kind) => Map(method, pattern, handler, options: null, kind);

    /// <summary>Maps a method of a pattern with limits of its own.</summary>
    /// <exception cref="ArgumentException">The pattern is malformed.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public HttpServer Map(string method, string pattern, HttpHandler handler, RouteOptions? options, RouteKind kind = RouteKind.Http)
    {
        ThrowIfStarted();
        if (_parent is not null)
        {
            MapInParent(method, pattern, handler, kind, options);
            return this;
        }

        _router.Map(method, pattern, handler, kind, options);
        return this;
    }

    /// <summary>How many requests were refused for a reason before a handler saw them, or within their body. Any thread.</summary>
    public long RefusedCount(HttpRejection reason) => Root._application?.RefusedCount(reason) ?? 0;

    /// <summary>Maps GET, and HEAD with it.</summary>
    public HttpServer MapGet(string pattern, HttpHandler handler) => Map("GET", pattern, handler);

    /// <summary>Maps POST.</summary>
    public HttpServer MapPost(string pattern, HttpHandler handler) => Map("POST", pattern, handler);

    /// <summary>Maps PUT.</summary>
    public HttpServer MapPut(string pattern, HttpHandler handler) => Map("PUT", pattern, handler);

    /// <summary>Maps DELETE.</summary>
    public HttpServer MapDelete(string pattern, HttpHandler handler) => Map("DELETE", pattern, handler);

    /// <summary>Maps PATCH.</summary>
    public HttpServer MapPatch(string pattern, HttpHandler handler) => Map("PATCH", pattern, handler);

    /// <summary>Answers what no route takes, instead of a 404.</summary>
    /// <exception cref="InvalidOperationException">The server has been started.</exception>
    public HttpServer MapFallback(HttpHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ThrowIfStarted();
        _fallback = handler;
        if (_parent is not null)
        {
            MapFallbackInParent(handler);
        }

        return this;
    }

    /// <summary>Opens the end points and starts the loops.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">An end point is taken, or may not be bound. Nothing is left open.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The server was started before.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfGroup();
        ThrowIfStarted();
        try
        {
            _engine = new EngineServer(BuildServerOptions(), CreateProtocol);
            _engine.HandlerFailed += _failures.Raise;
            return _engine.StartAsync(cancellationToken);
        }
        catch
        {
            _telemetry?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Stops accepting; idle connections close, running requests are answered with <c>Connection: close</c>, streams are told to end; what has not ended when
    /// the time is over is reset. Idempotent.
    /// </summary>
    /// <param name="drainTimeout">How long that may take; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the patience: what is left is reset at once.</param>
    public Task StopAsync(TimeSpan drainTimeout, CancellationToken cancellationToken = default)
        => _engine is { } engine ? EndAsync(engine.StopAsync(drainTimeout, cancellationToken)) : Task.CompletedTask;

    /// <summary>Stops without waiting for connections.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero).ConfigureAwait(false);

    /// <summary>The first protocol of an accepted connection.</summary>
    internal ConnectionProtocol CreateProtocol(Connection connection) => new Http1Protocol(_application!, connection);

    /// <summary>The engine's options as this server's say. From now on nothing more is mapped.</summary>
    internal ServerOptions BuildServerOptions()
    {
        ILogger logger = _failures.Logger = _options.Server.LoggerFactory?.CreateLogger("Engine.Http1") ?? NullLogger.Instance;
        _telemetry = new RequestTelemetry(_options.Server.MeterFactory, _options.Server.Name);
        _application = new HttpApplication(
            _options.Limits.Freeze(),
            new RequestPipeline(_router, [.. _middleware], _fallback) { CreateServices = _options.CreateRequestServices, Telemetry = _telemetry },
            _options.HandlerScheduling,
            ServerLine(_options.ServerHeader),
            logger)
        {
            OnError = _options.OnError,
            OnHandlerFailed = _failures.Raise,
            OnRefused = _options.OnRefused,
            ServesHalfClosedPeers = _options.ServeHalfClosedPeers,
        };
        ServerOptions server = _options.Server.Clone();
        foreach (EndPoint endPoint in (IEnumerable<EndPoint>)[.. _options.EndPoint is { } one ? [one] : Array.Empty<EndPoint>(), .. _options.EndPoints])
        {
            if (!server.EndPoints.Contains(endPoint))
            {
                server.EndPoints.Add(endPoint);
            }
        }

        if (server.EndPoints.Count == 0)
        {
            server.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 8080));
        }

        server.Transport = _options.Transport == TransportKind.Auto ? server.Transport : _options.Transport;
        server.LoopCount = _options.LoopCount == 0 ? server.LoopCount : _options.LoopCount;
        if (server.Connections.MaxLingerBytes == new ConnectionOptions().MaxLingerBytes)
        {
            // A client that is refused early, and sends on before it reads why, may send as much as it could have been asked for.
            server.Connections.MaxLingerBytes = (int)Math.Clamp(_options.Limits.MaxRequestBodySize, server.Connections.MaxLingerBytes, int.MaxValue);
        }

        if (server.RefusalMessage.IsEmpty)
        {
            server.RefusalMessage = ServiceUnavailable;
        }

        return server;
    }

    private async Task EndAsync(Task stopped)
    {
        await stopped.ConfigureAwait(false);
        _telemetry?.Dispose();
    }

    private static ReadOnlyMemory<byte> ServerLine(string? value)
    {
        if (value is null)
        {
            return default;
        }

        ResponseHeaders.CheckValue(value);
        return Encoding.Latin1.GetBytes($"Server: {value}\r\n");
    }

    private void ThrowIfStarted()
    {
        if (Root._application is not null)
        {
            throw new InvalidOperationException("The server has been started.");
        }
    }
}
