using System.Net;
using Microsoft.Extensions.Logging;

namespace Engine;

/// <summary>How a server listens, how many loops it runs and what it admits. Read once, when the server is made.</summary>
public sealed class ServerOptions
{
    /// <summary>
    /// Where to listen: IPv4, IPv6 or Unix domain socket end points, or an <see cref="InheritedEndPoint"/>, one or several. Port 0 takes a free one.
    /// A Unix socket's file that a dead process left behind is replaced; one that is in use, or no socket, is not.
    /// </summary>
    public IList<EndPoint> EndPoints { get; } = [];

    /// <summary>Which transport to use. <see cref="TransportKind.Auto"/> by default.</summary>
    public TransportKind Transport { get; set; } = TransportKind.Auto;

    /// <summary>Event loops, each one thread; the number of processors when 0, the default. 1 to 64.</summary>
    public int LoopCount { get; set; }

    /// <summary>Connections that the kernel holds between their handshake and their accept; 1,024 by default. The kernel caps it (net.core.somaxconn).</summary>
    public int Backlog { get; set; } = 1024;

    /// <summary>Whether small packets leave at once (TCP_NODELAY). On by default: the engine batches by itself.</summary>
    public bool NoDelay { get; set; } = true;

    /// <summary>Whether several processes may listen on one port and share its connections (SO_REUSEPORT). Off by default; not on Windows.</summary>
    public bool ReusePort { get; set; }

    /// <summary>Whether an IPv6 end point also takes IPv4 connections. On by default, as with <c>[::]</c> elsewhere.</summary>
    public bool DualMode { get; set; } = true;

    /// <summary>Whether the kernel probes idle peers (SO_KEEPALIVE). Off by default: protocols ping, and see a dead peer sooner.</summary>
    public bool KeepAlive { get; set; }

    /// <summary>The kernel's send buffer in bytes for each connection; 0, the default, leaves the kernel's own tuning alone.</summary>
    public int SendBufferBytes { get; set; }

    /// <summary>The kernel's receive buffer in bytes for each connection; 0, the default, leaves the kernel's own tuning alone.</summary>
    public int ReceiveBufferBytes { get; set; }

    /// <summary>Limits and clocks of each connection.</summary>
    public ConnectionOptions Connections { get; set; } = new();

    /// <summary>Connections open at once; 0, the default, leaves the number to the process's descriptors. One more is refused, none is evicted.</summary>
    public int MaxConcurrentConnections { get; set; }

    /// <summary>
    /// Connections open at once from one IP address; 0, the default, means no limit. One more is closed without a word. Behind a trusted load balancer
    /// (<see cref="ProxyProtocol"/>) the announced address counts, from the header on.
    /// </summary>
    public int MaxConnectionsPerAddress { get; set; }

    /// <summary>Connections accepted a second; 0, the default, means no limit. What comes sooner waits in the kernel's backlog.</summary>
    public int MaxAcceptsPerSecond { get; set; }

    /// <summary>
    /// Bytes queued over all connections and not taken by the kernel; 0, the default, means no limit beyond each connection's own.
    /// Past it new messages to connections that already lag are dropped, then the connections that have lagged the longest are closed.
    /// </summary>
    public long MaxTotalOutboundBytes { get; set; }

    /// <summary>What a connection refused by <see cref="MaxConcurrentConnections"/> is told before it is closed; nothing by default. HTTP puts its 503 here.</summary>
    public ReadOnlyMemory<byte> RefusalMessage { get; set; }

    /// <summary>TLS for this server's connections; null, the default, leaves them plain.</summary>
    public TlsOptions? Tls { get; set; }

    /// <summary>The PROXY protocol, for servers behind a load balancer; null, the default, turns it off. Its header comes before TLS.</summary>
    public ProxyProtocolOptions? ProxyProtocol { get; set; }

    /// <summary>Where log lines go; nowhere by default.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    internal ServerOptions Freeze()
    {
        if (EndPoints.Count == 0)
        {
            throw new ArgumentException("At least one end point is needed.", nameof(EndPoints));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(LoopCount, nameof(LoopCount));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LoopCount, 64, nameof(LoopCount));
        ArgumentOutOfRangeException.ThrowIfLessThan(Backlog, 1, nameof(Backlog));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxConcurrentConnections, nameof(MaxConcurrentConnections));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxConnectionsPerAddress, nameof(MaxConnectionsPerAddress));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxAcceptsPerSecond, nameof(MaxAcceptsPerSecond));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxTotalOutboundBytes, nameof(MaxTotalOutboundBytes));
        var frozen = (ServerOptions)MemberwiseClone();
        frozen.LoopCount = LoopCount == 0 ? Math.Clamp(Environment.ProcessorCount, 1, 64) : LoopCount;
        frozen.Connections = Connections.Freeze();
        frozen.Tls = Tls?.Freeze();
        frozen.ProxyProtocol = ProxyProtocol?.Freeze();
        return frozen;
    }
}
