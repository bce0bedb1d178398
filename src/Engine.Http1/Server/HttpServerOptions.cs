using System.Net;

namespace Engine.Http1;

/// <summary>How an HTTP server listens, what it admits and how its handlers run. Read once, when the server starts.</summary>
public sealed class HttpServerOptions
{
    /// <summary>Where to listen, when that is one place. Port 0 takes a free one. 127.0.0.1, port 8080 when neither this nor <see cref="EndPoints"/> says.</summary>
    public EndPoint? EndPoint { get; set; }

    /// <summary>Where else to listen: IPv4, IPv6, Unix domain sockets.</summary>
    public IList<EndPoint> EndPoints { get; } = [];

    /// <summary>Which transport carries the connections.</summary>
    public TransportKind Transport { get; set; }

    /// <summary>Event loops, each one thread; the number of processors when 0, the default.</summary>
    public int LoopCount { get; set; }

    /// <summary>What one peer may send and how long it may take.</summary>
    public HttpLimits Limits { get; set; } = new();

    /// <summary>Everything else about sockets, queues and admission. End points, transport and loop count set above go before those set here.</summary>
    public ServerOptions Server { get; set; } = new();

    /// <summary>The Server field of every response; none by default.</summary>
    public string? ServerHeader { get; set; }

    /// <summary>
    /// Told of every exception that leaves a handler, with its context; not of those that are the client's doing and are answered with 4xx. Called on the
    /// connection's event loop: keep it short. What it throws itself is logged.
    /// </summary>
    public Action<Exception, HttpContext?>? OnError { get; set; }

    /// <summary>
    /// Told of every request that is refused before a handler has seen it (400, 408, 411, 413, 414, 417, 431, 501, 505), or whose body is while one runs. It may give
    /// the body of the response in the former case. Called on the connection's event loop: keep it short. What it throws itself is logged.
    /// </summary>
    public Action<HttpRefusal>? OnRefused { get; set; }

    /// <summary>
    /// Whether <see cref="HttpContext.RequestAborted"/> stays uncancelled when a client ends its sending side but may still read, as <c>nc -N</c> does. False by
    /// default: most clients that do so have left.
    /// </summary>
    public bool ServeHalfClosedPeers { get; set; }

    /// <summary>
    /// Makes the services of one request (<see cref="HttpContext.Services"/>), when its handlers ask for them; null, the default, gives none. What it returns is disposed
    /// when the handlers have completed, if it is <see cref="IAsyncDisposable"/> or <see cref="IDisposable"/>. Called where handlers run.
    /// </summary>
    public Func<IServiceProvider>? CreateRequestServices { get; set; }

    /// <summary>Where handlers run: on the event loop by default, which is the fastest and must not be blocked.</summary>
    public HandlerScheduling HandlerScheduling { get; set; }
}
