using System.Buffers;

namespace Engine.Http1;

/// <summary>
/// The grammar of <c>uri-host [ ":" port ]</c> (RFC 9110 §7.2, RFC 3986 §3.2.2 and §3.2.3), the same for Host fields, absolute targets and CONNECT. The host
/// must not be empty (RFC 9110 §4.2.1); a port may be, and is at most 65,535. There is no user information and no zone.
/// </summary>
internal static class Authority
{
    private const int MaxPort = 65_535;
    private const int Ipv6Groups = 8;

    /// <summary>unreserved and sub-delims of RFC 3986 §2: what stands in a registered name besides escapes.</summary>
    private static readonly SearchValues<byte> NameCharacters =
        SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~!$&'()*+,;="u8);

    /// <summary>Whether the bytes are a host, perhaps with a port.</summary>
    public static bool IsValid(ReadOnlySpan<byte> authority) => TryHost(authority, out int hostLength) && IsPort(authority[hostLength..], isRequired: false);

    /// <summary>Whether the bytes are a host with a port that is said, as CONNECT needs (RFC 9112 §3.2.3).</summary>
    public static bool IsValidForConnect(ReadOnlySpan<byte> authority) => TryHost(authority, out int hostLength) && IsPort(authority[hostLength..], isRequired: true);

    private static bool TryHost(ReadOnlySpan<byte> authority, out int length)
    {
        length = 0;
        if (authority.IsEmpty)
        {
            return false;
        }

        if (authority[0] == '[')
        {
            length = authority.IndexOf((byte)']') + 1;
            return length > 0 && IsLiteral(authority[1..(length - 1)]);
        }

        int colon = authority.IndexOf((byte)':');
        length = colon < 0 ? authority.Length : colon;
        return length > 0 && IsName(authority[..length]);
    }

    /// <summary>reg-name, of which an IPv4 address is one.</summary>
    private static bool IsName(ReadOnlySpan<byte> name)
    {
        while (true)
        {
            int at = name.IndexOfAnyExcept(NameCharacters);
            if (at < 0)
            {
                return true;
            }

            if (!RequestTarget.IsEscape(name[at..]))
            {
                return false;
            }

            name = name[(at + 3)..];
        }
    }

    /// <summary>What follows the host: nothing, or a colon and digits.</summary>
    private static bool IsPort(ReadOnlySpan<byte> rest, bool isRequired)
    {
        if (rest.IsEmpty)
        {
            return !isRequired;
        }

        if (rest[0] != ':' || (isRequired && rest.Length == 1))
        {
            return false;
        }

        int port = 0;
        foreach (byte digit in rest[1..])
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            port = (port * 10) + (digit - '0');
            if (port > MaxPort)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What stands between brackets: IPv6address or IPvFuture.</summary>
    private static bool IsLiteral(ReadOnlySpan<byte> literal)
        => !literal.IsEmpty && literal[0] is (byte)'v' or (byte)'V' ? IsIpvFuture(literal[1..]) : IsIpv6(literal);

    /// <summary>1*HEXDIG "." 1*( unreserved / sub-delims / ":" ), behind the "v".</summary>
    private static bool IsIpvFuture(ReadOnlySpan<byte> text)
    {
        int dot = text.IndexOf((byte)'.');
        if (dot <= 0 || dot == text.Length - 1 || !IsHex(text[..dot]))
        {
            return false;
        }

        foreach (byte value in text[(dot + 1)..])
        {
            if (value != ':' && !NameCharacters.Contains(value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Eight groups of one to four hexadecimal digits, the last two perhaps an IPv4 address, and one run of groups perhaps left out as "::".</summary>
    private static bool IsIpv6(ReadOnlySpan<byte> text)
    {
        int gap = text.IndexOf("::"u8);
        if (gap < 0)
        {
            return TryGroups(text, mayEndInIpv4: true, out int all) && all == Ipv6Groups;
        }

        // "::" stands for at least one group.
        return TryGroups(text[..gap], mayEndInIpv4: false, out int before)
            && TryGroups(text[(gap + 2)..], mayEndInIpv4: true, out int after)
            && before + after < Ipv6Groups;
    }

    private static bool TryGroups(ReadOnlySpan<byte> text, bool mayEndInIpv4, out int count)
    {
        count = 0;
        if (text.IsEmpty)
        {
            return true;
        }

        while (true)
        {
            int colon = text.IndexOf((byte)':');
            ReadOnlySpan<byte> group = colon < 0 ? text : text[..colon];
            if (colon < 0 && mayEndInIpv4 && group.Contains((byte)'.'))
            {
                count += 2;
                return IsIpv4(group);
            }

            if (group.Length is 0 or > 4 || !IsHex(group) || ++count > Ipv6Groups)
            {
                return false;
            }

            if (colon < 0)
            {
                return true;
            }

            text = text[(colon + 1)..];
        }
    }

    /// <summary>Four numbers up to 255 without leading zeros.</summary>
    private static bool IsIpv4(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (Range range in text.Split((byte)'.'))
        {
            ReadOnlySpan<byte> number = text[range];
            int value = 0;
            foreach (byte digit in number)
            {
                if (!char.IsAsciiDigit((char)digit))
                {
                    return false;
                }

                value = (value * 10) + (digit - '0');
            }

            if (number.Length is 0 or > 3 || value > 255 || (number.Length > 1 && number[0] == '0') || ++count > 4)
            {
                return false;
            }
        }

        return count == 4;
    }

    private static bool IsHex(ReadOnlySpan<byte> digits)
    {
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }
        }

        return true;
    }
}
