using System.Net;
using System.Text;

namespace Engine;

/// <summary>A proxy that tunnels connections: HTTP's CONNECT (RFC 9110 §9.3.6) or SOCKS5 (RFC 1928, RFC 1929). Immutable.</summary>
public sealed class ConnectProxy
{
    private const int MaxSocksFieldBytes = 255;

    private ConnectProxy(EndPoint endPoint, bool isSocks, string? userName, string? password)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        if (isSocks && (Encoding.UTF8.GetByteCount(userName ?? "") > MaxSocksFieldBytes || Encoding.UTF8.GetByteCount(password ?? "") > MaxSocksFieldBytes))
        {
            throw new ArgumentException("SOCKS takes 255 bytes of user name and of password.", nameof(userName));
        }

        EndPoint = endPoint;
        IsSocks = isSocks;
        UserName = userName;
        Password = password;
    }

    /// <summary>Where the proxy listens.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Who asks; null for nobody in particular.</summary>
    public string? UserName { get; }

    internal bool IsSocks { get; }

    internal string? Password { get; }

    /// <summary>An HTTP proxy, which is asked by CONNECT, in plain.</summary>
    /// <param name="endPoint">Where the proxy listens; a <see cref="DnsEndPoint"/> is resolved.</param>
    /// <param name="userName">For basic authentication; null for none.</param>
    /// <param name="password">The password that goes with it.</param>
    public static ConnectProxy Http(EndPoint endPoint, string? userName = null, string? password = null) => new(endPoint, isSocks: false, userName, password);

    /// <summary>A SOCKS5 proxy.</summary>
    /// <param name="endPoint">Where the proxy listens; a <see cref="DnsEndPoint"/> is resolved.</param>
    /// <param name="userName">At most 255 bytes; null for none.</param>
    /// <param name="password">The password that goes with it, at most 255 bytes.</param>
    /// <exception cref="ArgumentException">The user name or the password is longer.</exception>
    public static ConnectProxy Socks5(EndPoint endPoint, string? userName = null, string? password = null) => new(endPoint, isSocks: true, userName, password);

    /// <summary>The talk that opens a tunnel to a host.</summary>
    internal ProxyTunnel Open(string host, int port) => IsSocks ? new SocksTunnel(this, host, port) : new HttpTunnel(this, host, port);
}
