using System.Net;

namespace Engine.Http1;

/// <summary>Which proxies are believed about the clients behind them. Read once, when the middleware is made.</summary>
public sealed class ForwardedHeadersOptions
{
    /// <summary>
    /// Where the proxies are; empty by default, so that nobody is believed. List their addresses, not whole networks that clients share:
    /// whoever is in them can pretend to be anybody.
    /// </summary>
    public IList<IPNetwork> TrustedNetworks { get; } = [];

    /// <summary>Whether whoever reaches the server over a Unix domain socket is a trusted proxy. Off by default.</summary>
    public bool TrustUnixPeers { get; set; }

    /// <summary>The fields that the proxies write. One kind only: the other one may come from the client as it is.</summary>
    public ForwardedSyntax Syntax { get; set; }

    /// <summary>How many proxies may stand one behind another; 1 by default. Entries beyond are not looked at, whatever they say.</summary>
    public int MaxHops { get; set; } = 1;
}
