using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Engine;

/// <summary>How a server listens, how many loops it runs and what it admits. Read once, when the server is made.</summary>
public sealed class ServerOptions
{
    /// <summary>As many as the kernel's fixed set names.</summary>
    internal const int MaxProcessors = 1024;

    /// <summary>
    /// Where to listen: IPv4, IPv6 or Unix domain socket end points, or an <see cref="InheritedEndPoint"/>, one or several. Port 0 takes a free one.
    /// A Unix socket's file that a dead process left behind is replaced; one that is in use, or no socket, is not.
    /// </summary>
    public IList<EndPoint> EndPoints { get; private set; } = [];

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

    /// <summary>
    /// Called with each listening socket before it is bound, to set what has no option here; on Linux most options pass on to the connections that it accepts. Not
    /// for inherited sockets. What it throws, the start throws. The socket must not be kept.
    /// </summary>
    public Action<Socket>? ConfigureListener { get; set; }

    /// <summary>
    /// The processors that the loops run on, one each in turn, by the system's numbers from 0; empty, the default, leaves it to the system. Linux only; a processor
    /// that the process may not use fails the start.
    /// </summary>
    public IList<int> Processors { get; private set; } = [];

    /// <summary>Limits and clocks of each connection.</summary>
    public ConnectionOptions Connections { get; set; } = new();

    /// <summary>Connections open at once; 0, the default, leaves the number to the process's descriptors. One more is refused, none is evicted.</summary>
    /// <remarks>
    /// The last descriptors that the process may open (32, or an eighth of a limit below 256) are never given to connections, because the runtime ends the process
    /// when it finds none to start a thread with. Files and sockets that the host opens itself may use them up all the same.
    /// </remarks>
    public int MaxConcurrentConnections { get; set; }

    /// <summary>
    /// Connections open at once from one IPv4 address, or from one IPv6 network of 64 bits, which is what a single host has; 0, the default, means no limit. One more is closed without a word. Behind a trusted load balancer
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

    /// <summary>Where log lines go; nowhere by default. A logger that throws loses its line and harms nothing.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>
    /// The server's name, which tags its metrics (<see cref="EngineMetrics.ServerTag"/>) so that several servers of one process stay apart. By
    /// default the first bound end point, such as <c>127.0.0.1:8080</c>.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>Makes the server's meter, for hosts that keep meters apart, such as tests; null, the default, makes it for the whole process.</summary>
    public IMeterFactory? MeterFactory { get; set; }

    /// <summary>Returns options of the same values that can be changed without changing these. What they refer to, such as certificates, is shared.</summary>
    public ServerOptions Clone()
    {
        var clone = (ServerOptions)MemberwiseClone();
        clone.EndPoints = [.. EndPoints];
        clone.Processors = [.. Processors];
        clone.Connections = Connections.Clone();
        return clone;
    }

    /// <summary>Checks the values, those of <see cref="Connections"/>, <see cref="Tls"/> and <see cref="ProxyProtocol"/> too, as the server's start does.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or there is no end point; the parameter's name is the property's.</exception>
    public void Validate() => Freeze();

    internal ServerOptions Freeze()
    {
        if (EndPoints.Count == 0)
        {
            throw new ArgumentException("At least one end point is needed.", nameof(EndPoints));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(LoopCount, nameof(LoopCount));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LoopCount, 64, nameof(LoopCount));
        if (Processors.Any(static processor => processor is < 0 or >= MaxProcessors))
        {
            throw new ArgumentOutOfRangeException(nameof(Processors), $"Processors are numbered from 0 to {MaxProcessors - 1}.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(Backlog, 1, nameof(Backlog));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxConcurrentConnections, nameof(MaxConcurrentConnections));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxConnectionsPerAddress, nameof(MaxConnectionsPerAddress));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxAcceptsPerSecond, nameof(MaxAcceptsPerSecond));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxTotalOutboundBytes, nameof(MaxTotalOutboundBytes));
        ServerOptions frozen = Clone();
        frozen.LoopCount = LoopCount == 0 ? Math.Clamp(Environment.ProcessorCount, 1, 64) : LoopCount;
        frozen.Connections = Connections.Freeze();
        frozen.Tls = Tls?.Freeze();
        frozen.ProxyProtocol = ProxyProtocol?.Freeze();
        return frozen;
    }
}
