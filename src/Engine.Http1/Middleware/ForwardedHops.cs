using System.Buffers;
using System.Net;
using System.Text;

namespace Engine.Http1;

/// <summary>What one proxy says about the one before it. What it does not say, or says malformed, is null.</summary>
internal readonly record struct ForwardedHop(IPEndPoint? For, string? Proto, string? Host);

/// <summary>
/// Reads what proxies said, the nearest one first. Linear in the length of the fields; whatever they hold, nothing throws.
/// </summary>
internal static class ForwardedHops
{
    private static readonly SearchValues<char> Ip4Text = SearchValues.Create("0123456789.");
    private static readonly SearchValues<char> Ip6Text = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>
    /// The last hops of <c>Forwarded</c> (RFC 7239 §4); none when a field breaks its grammar, because then nobody can tell who wrote what.
    /// </summary>
    public static List<ForwardedHop> ReadForwarded(RequestHeaders headers, int maxHops)
    {
        var hops = new List<ForwardedHop>();
        for (int i = 0; i < headers.Count; i++)
        {
            if (Ascii.EqualsIgnoreCase(headers.NameAt(i), "Forwarded"u8) && !TryAppend(headers.ValueAt(i), hops, maxHops))
            {
                return [];
            }
        }

        hops.Reverse();
        return hops;
    }

    /// <summary>
    /// The last hops of the <c>X-Forwarded-</c> fields. Those of host and scheme are matched from the end: proxies that append do so to
    /// all.
    /// </summary>
    public static List<ForwardedHop> ReadXForwarded(RequestHeaders headers, int maxHops)
    {
        List<string> addresses = ReadLast(headers, "X-Forwarded-For", maxHops);
        List<string> protos = ReadLast(headers, "X-Forwarded-Proto", maxHops);
        List<string> hosts = ReadLast(headers, "X-Forwarded-Host", maxHops);
        var hops = new List<ForwardedHop>();
        for (int i = 0; i < Math.Max(addresses.Count, Math.Max(protos.Count, hosts.Count)); i++)
        {
            hops.Add(new ForwardedHop(
                i < addresses.Count ? ParseNode(addresses[i]) : null,
                i < protos.Count ? CheckProto(protos[i]) : null,
                i < hosts.Count ? CheckHost(hosts[i]) : null));
        }

        return hops;
    }

    /// <summary>
    /// An address with or without a port, IPv6 in brackets or, as X-Forwarded-For has it, without; null for names, which tell nothing.
    /// </summary>
    internal static IPEndPoint? ParseNode(ReadOnlySpan<char> node)
    {
        if (node.IsEmpty || node.Length > 64)
        {
            return null;
        }

        ReadOnlySpan<char> port = default;
        if (node[0] == '[')
        {
            int end = node.IndexOf(']');
            if (end < 0 || (end + 1 < node.Length && node[end + 1] != ':'))
            {
                return null;
            }

            port = end + 1 < node.Length ? node[(end + 2)..] : default;
            node = node[1..end];
            if (!node.Contains(':'))
            {
                return null;
            }
        }
        else if (node.Count(':') == 1)
        {
            int colon = node.IndexOf(':');
            port = node[(colon + 1)..];
            node = node[..colon];
        }

        // The system's parser takes "1" and "0x7f.1" for addresses, and names of interfaces behind a percent sign.
        bool isPlain = node.Contains(':') ? !node.ContainsAnyExcept(Ip6Text) : node.Count('.') == 3 && !node.ContainsAnyExcept(Ip4Text);
        if (!isPlain || !IPAddress.TryParse(node, out IPAddress? address))
        {
            return null;
        }

        // RFC 7239 §6: a port may be hidden behind a name. The address stands without it.
        _ = ushort.TryParse(port, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ushort number);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, number);
    }

    private static bool TryAppend(ReadOnlySpan<byte> field, List<ForwardedHop> hops, int maxHops)
    {
        var pairs = new ParameterReader(field);
        var hop = default(ForwardedHop);
        bool isOpen = false;
        while (pairs.TryRead())
        {
            if (pairs.BeginsGroup && isOpen)
            {
                Append(hops, hop, maxHops);
                hop = default;
            }

            isOpen = true;
            string value = pairs.Text(Encoding.Latin1);
            if (pairs.IsNamed("for"u8))
            {
                hop = hop with { For = ParseNode(value) };
            }
            else if (pairs.IsNamed("proto"u8))
            {
                hop = hop with { Proto = CheckProto(value) };
            }
            else if (pairs.IsNamed("host"u8))
            {
                hop = hop with { Host = CheckHost(value) };
            }
        }

        if (isOpen)
        {
            Append(hops, hop, maxHops);
        }

        return !pairs.IsBroken;
    }

    private static void Append(List<ForwardedHop> hops, ForwardedHop hop, int maxHops)
    {
        if (hops.Count == maxHops)
        {
            hops.RemoveAt(0);
        }

        hops.Add(hop);
    }

    /// <summary>The last items of a list, over all its fields, the last one first.</summary>
    private static List<string> ReadLast(RequestHeaders headers, string name, int count)
    {
        var items = new List<string>();
        for (int i = headers.Count - 1; i >= 0 && items.Count < count; i--)
        {
            ReadOnlySpan<byte> fieldName = headers.NameAt(i);
            if (fieldName.Length != name.Length || !Ascii.EqualsIgnoreCase(fieldName, name))
            {
                continue;
            }

            ReadOnlySpan<byte> rest = headers.ValueAt(i);
            while (!rest.IsEmpty && items.Count < count)
            {
                int comma = rest.LastIndexOf((byte)',');
                ReadOnlySpan<byte> item = rest[(comma + 1)..].Trim(" \t"u8);
                if (!item.IsEmpty)
                {
                    items.Add(Encoding.Latin1.GetString(item));
                }

                rest = comma < 0 ? default : rest[..comma];
            }
        }

        return items;
    }

    private static string? CheckProto(string proto)
        => proto.Equals("https", StringComparison.OrdinalIgnoreCase) ? "https" : proto.Equals("http", StringComparison.OrdinalIgnoreCase) ? "http" : null;

    private static string? CheckHost(string host) => host.Length is > 0 and <= 255 + 6 && Authority.IsValid(Encoding.Latin1.GetBytes(host)) ? host : null;
}
