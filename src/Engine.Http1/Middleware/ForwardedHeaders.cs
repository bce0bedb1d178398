using System.Net;
using System.Net.Sockets;

namespace Engine.Http1;

/// <summary>Who the client is when proxies stand between, as far as they can be believed.</summary>
public static class ForwardedHeaders
{
    private static readonly object Key = new();

    /// <summary>
    /// Makes middleware that takes client, scheme and host from what trusted proxies say. It begins with the connection's peer, and goes
    /// back hop by hop as long as the one who speaks is trusted. Put it first. Anything malformed, hidden (<c>unknown</c>, <c>_name</c>) or
    /// said by somebody else changes nothing.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="ForwardedHeadersOptions.MaxHops"/> is not 1 to 100.</exception>
    public static HttpMiddleware Create(ForwardedHeadersOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxHops, 1, nameof(options.MaxHops));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxHops, 100, nameof(options.MaxHops));
        IPNetwork[] networks = [.. options.TrustedNetworks];
        bool trustsUnix = options.TrustUnixPeers;
        ForwardedSyntax syntax = options.Syntax;
        int maxHops = options.MaxHops;
        return (context, next) =>
        {
            if (IsTrusted(context.Connection.RemoteEndPoint, networks, trustsUnix))
            {
                RequestHeaders headers = context.Request.Headers;
                List<ForwardedHop> hops = syntax == ForwardedSyntax.Forwarded
                    ? ForwardedHops.ReadForwarded(headers, maxHops)
                    : ForwardedHops.ReadXForwarded(headers, maxHops);
                if (hops.Count > 0)
                {
                    context.Items[Key] = Resolve(hops, networks);
                }
            }

            return next(context);
        };
    }

    /// <summary>
    /// Returns the client's address: what trusted proxies say, else the connection's peer. The port is 0 where no proxy said one.
    /// </summary>
    public static EndPoint? GetClientEndPoint(this HttpContext context) => Find(context)?.For ?? context.Connection.RemoteEndPoint;

    /// <summary>Returns "https" or "http": what the client used, as trusted proxies say, else what the connection uses.</summary>
    public static string GetScheme(this HttpContext context) => Find(context)?.Proto ?? (context.Connection.IsSecure ? "https" : "http");

    /// <summary>
    /// Returns the host, with its port if there is one, that the client asked for: what trusted proxies say, else the Host field. Null when
    /// there is none (HTTP/1.0).
    /// </summary>
    public static string? GetHost(this HttpContext context) => Find(context)?.Host ?? context.Request.Headers["Host"];

    /// <summary>The hop of the client: from the nearest proxy backward, as long as who speaks is trusted.</summary>
    internal static ForwardedHop Resolve(List<ForwardedHop> hops, IPNetwork[] networks)
    {
        var client = default(ForwardedHop);
        foreach (ForwardedHop hop in hops)
        {
            client = new ForwardedHop(hop.For ?? client.For, hop.Proto ?? client.Proto, hop.Host ?? client.Host);
            if (hop.For is null || !IsTrusted(hop.For, networks, trustsUnix: false))
            {
                break;
            }
        }

        return client;
    }

    private static bool IsTrusted(EndPoint? peer, IPNetwork[] networks, bool trustsUnix)
    {
        if (peer is not IPEndPoint { Address: var address })
        {
            return trustsUnix && (peer is null || peer.AddressFamily == AddressFamily.Unix);
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (IPNetwork network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static ForwardedHop? Find(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Items.TryGetValue(Key, out object? hop) ? (ForwardedHop?)hop : null;
    }
}
