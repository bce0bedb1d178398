using Engine.Http1;

namespace Engine.Hosting;

/// <summary>
/// What a configuration may say of one HTTP server. Bound from the section <c>Engine:Servers:NAME</c> and checked when the host starts; a key that does not exist is
/// an error. What is not text, such as functions, is set by <see cref="HttpServerBuilder.ConfigureOptions"/>.
/// </summary>
public sealed class HttpServerSettings
{
    /// <summary>
    /// Where to listen: <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:8080</c>, <c>*:8080</c> (every address), <c>unix:/run/app.sock</c>, or
    /// <c>systemd</c> and <c>systemd:NAME</c> for sockets that the process was started with. Port 0 takes a free one. <c>127.0.0.1:8080</c> when empty.
    /// </summary>
    public IList<string> Listen { get; } = [];

    /// <summary>Which transport carries the connections. <see cref="TransportKind.Auto"/> by default.</summary>
    public TransportKind Transport { get; set; }

    /// <summary>Event loops, each one thread; the number of processors when 0, the default. 1 to 64.</summary>
    public int LoopCount { get; set; }

    /// <summary>Where handlers run; on the event loop by default.</summary>
    public HandlerScheduling HandlerScheduling { get; set; }

    /// <summary>The Server field of every response; none by default.</summary>
    public string? ServerHeader { get; set; }

    /// <summary>Connections that the kernel holds between their handshake and their accept; 1,024 by default.</summary>
    public int Backlog { get; set; } = 1024;

    /// <summary>Whether several processes may listen on one port and share its connections. Off by default; not on Windows.</summary>
    public bool ReusePort { get; set; }

    /// <summary>Connections open at once; 0, the default, leaves the number to the process's descriptors. One more is answered with 503.</summary>
    public int MaxConcurrentConnections { get; set; }

    /// <summary>Connections open at once from one address; 0, the default, means no limit. One more is closed.</summary>
    public int MaxConnectionsPerAddress { get; set; }

    /// <summary>Connections accepted a second; 0, the default, means no limit. What comes sooner waits in the kernel's backlog.</summary>
    public int MaxAcceptsPerSecond { get; set; }

    /// <summary>Bytes queued over all connections; 0, the default, means no limit beyond each connection's own.</summary>
    public long MaxTotalOutboundBytes { get; set; }

    /// <summary>
    /// Networks, such as <c>10.0.0.0/8</c>, of load balancers that begin each connection with a PROXY header, which is then required of them. Empty, the default,
    /// turns the PROXY protocol off.
    /// </summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>Certificates from files. With one or more, every end point of the server speaks TLS; empty, the default, leaves them plain.</summary>
    public IList<CertificateSettings> Certificates { get; } = [];

    /// <summary>What one peer may send and how long it may take.</summary>
    public HttpLimits Limits { get; set; } = new();

    /// <summary>What each connection may hold and how long it may take.</summary>
    public ConnectionOptions Connections { get; set; } = new();
}
