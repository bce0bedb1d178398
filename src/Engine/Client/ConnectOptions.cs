using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Engine;

/// <summary>How one connection of an <see cref="EngineClient"/> is made. Read when the connect begins.</summary>
public sealed class ConnectOptions
{
    /// <summary>
    /// How long connecting may take in all, the names' addresses and a TLS handshake included; 15 seconds by default.
    /// </summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The loop that the connection lives on, which has to be one of the client's; null, the default, takes the one with the fewest connections. A proxy names
    /// that of the connection that it serves, so that the two need no other thread to reach each other.
    /// </summary>
    public LoopRef? Loop { get; set; }

    /// <summary>
    /// TLS; null, the default, leaves the connection plain. The host name that the certificate has to show is that of the options, else the one connected to.
    /// </summary>
    public SslClientAuthenticationOptions? Tls { get; set; }

    /// <summary>The name that a certificate has to show where <see cref="Tls"/> has none; null, the default, takes the host connected to.</summary>
    public string? HostName { get; set; }

    /// <summary>The proxy that the connection goes through; null, the default, for none. The host is then resolved by the proxy.</summary>
    public ConnectProxy? Proxy { get; set; }

    /// <summary>The address to connect from; null, the default, leaves it to the system.</summary>
    public EndPoint? LocalEndPoint { get; set; }

    /// <summary>Whether small packets leave at once (TCP_NODELAY). On by default: the engine batches by itself.</summary>
    public bool NoDelay { get; set; } = true;

    /// <summary>Whether the kernel probes an idle peer (SO_KEEPALIVE). Off by default.</summary>
    public bool KeepAlive { get; set; }

    /// <summary>The kernel's send buffer in bytes; 0, the default, leaves the kernel's own tuning alone.</summary>
    public int SendBufferBytes { get; set; }

    /// <summary>The kernel's receive buffer in bytes; 0, the default, leaves the kernel's own tuning alone.</summary>
    public int ReceiveBufferBytes { get; set; }

    /// <summary>Called with the socket before it connects, to set what has no option here; what it throws, the connect throws. The socket must not be kept.</summary>
    public Action<Socket>? ConfigureSocket { get; set; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Timeout, TimeSpan.Zero, nameof(Timeout));
        ArgumentOutOfRangeException.ThrowIfNegative(SendBufferBytes, nameof(SendBufferBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(ReceiveBufferBytes, nameof(ReceiveBufferBytes));
    }

    internal SocketSettings ToSettings() => new(NoDelay, KeepAlive, SendBufferBytes, ReceiveBufferBytes, ConfigureSocket);
}
