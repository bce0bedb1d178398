using System.Net;

namespace Engine;

/// <summary>
/// Takes a client's address from the PROXY protocol's header (HAProxy's specification, versions 1 and 2), which a load balancer puts before the
/// first byte. Peers that are trusted must send one; a connection whose header is malformed, too long or late ends. What the header says is believed, so trust
/// only machines that overwrite what their own clients send.
/// </summary>
public sealed class ProxyProtocolOptions
{
    private static readonly TimeSpan LongestHeader = TimeSpan.FromHours(1);

    /// <summary>Networks of the peers that are trusted; an IPv4 peer of a dual mode end point is compared as IPv4.</summary>
    public IList<IPNetwork> TrustedNetworks { get; private set; } = [];

    /// <summary>Whether peers over a Unix domain socket are trusted; they are by default, since the permissions of its file decide who connects.</summary>
    public bool TrustUnixPeers { get; set; } = true;

    /// <summary>
    /// Whether peers that are not trusted are refused. By default they are served as plain clients under their own address: no header is looked
    /// for, and one that they send reaches the protocol as it stands.
    /// </summary>
    public bool RefuseUntrusted { get; set; }

    /// <summary>How long the header may take; 5 seconds by default, an hour at most. A silent peer holds a descriptor for this long.</summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of a header of version 2, extensions included; 4,096 by default, 232 to 65,551. One of version 1 has at most 107 by its specification.</summary>
    public int MaxHeaderBytes { get; set; } = 4096;

    internal ProxyProtocolOptions Freeze()
    {
        if (TrustedNetworks.Count == 0 && !TrustUnixPeers)
        {
            throw new ArgumentException("Nobody is trusted to send a PROXY header.", nameof(TrustedNetworks));
        }

        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(HeaderTimeout, TimeSpan.Zero, nameof(HeaderTimeout));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(HeaderTimeout, LongestHeader, nameof(HeaderTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxHeaderBytes, 232, nameof(MaxHeaderBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxHeaderBytes, 65_551, nameof(MaxHeaderBytes));
        var frozen = (ProxyProtocolOptions)MemberwiseClone();
        frozen.TrustedNetworks = [.. TrustedNetworks];
        return frozen;
    }

    /// <summary>Whether a header is expected of the peer at that address.</summary>
    internal bool Trusts(EndPoint? peer)
    {
        if (peer is not IPEndPoint { Address: var address })
        {
            // Clients of Unix domain sockets have no name, and some systems tell none at all.
            return TrustUnixPeers && peer is not null;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        foreach (IPNetwork network in TrustedNetworks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
