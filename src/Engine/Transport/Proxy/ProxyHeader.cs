using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;

namespace Engine;

/// <summary>
/// The header of the PROXY protocol, versions 1 and 2 (HAProxy's specification, sections 2.1 and 2.2). Pure: the bytes so far are offered again with what
/// has arrived since, at any cut; what can no longer become a header is refused at the first byte that says so.
/// </summary>
/// <param name="Source">The client's address; null when the header names none, and the connection's own counts.</param>
/// <param name="Destination">The address that the client connected to; null likewise.</param>
/// <param name="Extensions">The extensions of version 2, whole; null when there are none.</param>
internal readonly record struct ProxyHeader(EndPoint? Source, EndPoint? Destination, byte[]? Extensions = null)
{
    /// <summary>Section 2.2.3: the checksum of the header, computed while its own bytes are zero.</summary>
    private const byte ChecksumType = 0x03;

    /// <summary>Section 2.1: the longest header of version 1, its CRLF included.</summary>
    private const int MaxTextBytes = 107;

    private const int BinaryPrefixBytes = 16;
    private const int UnixPathBytes = 108;

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);
    private static readonly SearchValues<byte> AddressCharacters = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    private static ReadOnlySpan<byte> TextStart => "PROXY "u8;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <param name="bytes">Everything since the connection's first byte.</param>
    /// <param name="maxBytes">The bound of a header of version 2.</param>
    /// <param name="header">The addresses, when complete.</param>
    /// <param name="consumed">How long the header is, when complete; what follows is the client's.</param>
    public static ProxyHeaderStatus Parse(ReadOnlySpan<byte> bytes, int maxBytes, out ProxyHeader header, out int consumed)
    {
        header = default;
        consumed = 0;
        if (bytes.IsEmpty)
        {
            return ProxyHeaderStatus.NeedMore;
        }

        if (bytes[0] == Signature[0])
        {
            return ParseBinary(bytes, maxBytes, out header, out consumed);
        }

        return ParseText(bytes, out header, out consumed);
    }

    private static ProxyHeaderStatus ParseText(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int consumed)
    {
        header = default;
        consumed = 0;
        int compared = Math.Min(bytes.Length, TextStart.Length);
        if (!bytes[..compared].SequenceEqual(TextStart[..compared]))
        {
            return ProxyHeaderStatus.Malformed;
        }

        ReadOnlySpan<byte> window = bytes[..Math.Min(bytes.Length, MaxTextBytes)];
        int end = window.IndexOfAny((byte)'\r', (byte)'\n');
        if (end < 0)
        {
            return bytes.Length < MaxTextBytes ? ProxyHeaderStatus.NeedMore : ProxyHeaderStatus.Malformed;
        }

        if (window[end] != '\r' || end + 1 >= MaxTextBytes)
        {
            return ProxyHeaderStatus.Malformed;
        }

        if (end + 1 == window.Length)
        {
            return ProxyHeaderStatus.NeedMore;
        }

        if (window[end + 1] != '\n' || !TryReadLine(window[TextStart.Length..end], out header))
        {
            return ProxyHeaderStatus.Malformed;
        }

        consumed = end + 2;
        return ProxyHeaderStatus.Complete;
    }

    /// <summary>What stands between "PROXY " and CRLF: a family, two addresses, two ports, one space between each.</summary>
    private static bool TryReadLine(ReadOnlySpan<byte> line, out ProxyHeader header)
    {
        header = default;
        ReadOnlySpan<byte> family = TakeWord(ref line, out bool hasMore);
        if (family.SequenceEqual("UNKNOWN"u8))
        {
            // Section 2.1: whatever else stands on the line is ignored.
            return true;
        }

        bool isIPv6 = family.SequenceEqual("TCP6"u8);
        if ((!isIPv6 && !family.SequenceEqual("TCP4"u8)) || !hasMore)
        {
            return false;
        }

        ReadOnlySpan<byte> source = TakeWord(ref line, out _);
        ReadOnlySpan<byte> destination = TakeWord(ref line, out _);
        ReadOnlySpan<byte> sourcePort = TakeWord(ref line, out hasMore);
        if (!hasMore
            || !TryReadAddress(source, isIPv6, out IPAddress? from)
            || !TryReadAddress(destination, isIPv6, out IPAddress? to)
            || !TryReadPort(sourcePort, out int fromPort)
            || !TryReadPort(line, out int toPort))
        {
            return false;
        }

        header = new ProxyHeader(new IPEndPoint(from!, fromPort), new IPEndPoint(to!, toPort));
        return true;
    }

    private static ReadOnlySpan<byte> TakeWord(ref ReadOnlySpan<byte> line, out bool hasMore)
    {
        int space = line.IndexOf((byte)' ');
        hasMore = space >= 0;
        ReadOnlySpan<byte> word = hasMore ? line[..space] : line;
        line = hasMore ? line[(space + 1)..] : default;
        return word;
    }

    /// <summary>Stricter than the runtime's parser, which also takes zones, brackets, ports, octal and hexadecimal parts.</summary>
    private static bool TryReadAddress(ReadOnlySpan<byte> text, bool isIPv6, out IPAddress? address)
    {
        address = null;
        bool isWellFormed = isIPv6
            ? text.Contains((byte)':') && !text.ContainsAnyExcept(AddressCharacters)
            : IsDottedQuad(text);
        return isWellFormed
            && IPAddress.TryParse(Encoding.ASCII.GetString(text), out address)
            && address.AddressFamily == (isIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
    }

    /// <summary>Four numbers up to 255 without leading zeros, which others read as octal.</summary>
    private static bool IsDottedQuad(ReadOnlySpan<byte> text)
    {
        for (int part = 0; part < 4; part++)
        {
            int dot = text.IndexOf((byte)'.');
            if (part < 3 != dot >= 0)
            {
                return false;
            }

            if (!TryReadNumber(dot >= 0 ? text[..dot] : text, byte.MaxValue, out _))
            {
                return false;
            }

            text = dot >= 0 ? text[(dot + 1)..] : default;
        }

        return true;
    }

    private static bool TryReadPort(ReadOnlySpan<byte> text, out int port) => TryReadNumber(text, ushort.MaxValue, out port);

    private static bool TryReadNumber(ReadOnlySpan<byte> text, int max, out int number)
    {
        number = 0;
        return !text.IsEmpty
            && text.Length <= 5
            && !text.ContainsAnyExcept(Digits)
            && (text[0] != '0' || text.Length == 1)
            && Utf8Parser.TryParse(text, out number, out _)
            && number <= max;
    }

    private static ProxyHeaderStatus ParseBinary(ReadOnlySpan<byte> bytes, int maxBytes, out ProxyHeader header, out int consumed)
    {
        header = default;
        consumed = 0;
        int compared = Math.Min(bytes.Length, Signature.Length);
        if (!bytes[..compared].SequenceEqual(Signature[..compared]))
        {
            return ProxyHeaderStatus.Malformed;
        }

        // Section 2.2: the version is 2; commands are LOCAL and PROXY.
        if (bytes.Length > 12 && bytes[12] is not (0x20 or 0x21))
        {
            return ProxyHeaderStatus.Malformed;
        }

        // A command of LOCAL makes the family mean nothing. Datagrams do not come over streams.
        int addressBytes = 0;
        bool isLocal = bytes.Length > 12 && bytes[12] == 0x20;
        if (bytes.Length > 13 && !isLocal && !TryGetAddressBytes(bytes[13], out addressBytes))
        {
            return ProxyHeaderStatus.Malformed;
        }

        if (bytes.Length < BinaryPrefixBytes)
        {
            return ProxyHeaderStatus.NeedMore;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (length < addressBytes || BinaryPrefixBytes + length > maxBytes)
        {
            return ProxyHeaderStatus.Malformed;
        }

        if (bytes.Length < BinaryPrefixBytes + length)
        {
            return ProxyHeaderStatus.NeedMore;
        }

        consumed = BinaryPrefixBytes + length;
        if (isLocal)
        {
            return ProxyHeaderStatus.Complete;
        }

        ReadOnlySpan<byte> addresses = bytes.Slice(BinaryPrefixBytes, addressBytes);
        bool isUnspecified = bytes[13] == 0;
        ReadOnlySpan<byte> extensions = bytes[(BinaryPrefixBytes + addressBytes)..consumed];
        if (!isUnspecified && !AreExtensionsWhole(bytes[..consumed], extensions))
        {
            return ProxyHeaderStatus.Malformed;
        }

        header = addressBytes switch
        {
            12 => new ProxyHeader(
                new IPEndPoint(new IPAddress(addresses[..4]), BinaryPrimitives.ReadUInt16BigEndian(addresses[8..])),
                new IPEndPoint(new IPAddress(addresses[4..8]), BinaryPrimitives.ReadUInt16BigEndian(addresses[10..]))),
            36 => new ProxyHeader(
                new IPEndPoint(new IPAddress(addresses[..16]), BinaryPrimitives.ReadUInt16BigEndian(addresses[32..])),
                new IPEndPoint(new IPAddress(addresses[16..32]), BinaryPrimitives.ReadUInt16BigEndian(addresses[34..]))),
            2 * UnixPathBytes => new ProxyHeader(ReadUnixPath(addresses[..UnixPathBytes]), ReadUnixPath(addresses[UnixPathBytes..])),
            _ => default,
        };
        if (!isUnspecified && !extensions.IsEmpty)
        {
            header = header with { Extensions = extensions.ToArray() };
        }

        return ProxyHeaderStatus.Complete;
    }

    private static bool TryGetAddressBytes(byte family, out int addressBytes)
    {
        addressBytes = family switch
        {
            0x11 => 12,
            0x21 => 36,
            0x31 => 2 * UnixPathBytes,
            _ => 0,
        };
        return family is 0x00 or 0x11 or 0x21 or 0x31;
    }

    /// <summary>Section 2.2: type, length, value, one after the other, and nothing left over; a checksum, where there is one, is right.</summary>
    private static bool AreExtensionsWhole(ReadOnlySpan<byte> header, ReadOnlySpan<byte> extensions)
    {
        while (!extensions.IsEmpty)
        {
            if (extensions.Length < 3)
            {
                return false;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(extensions[1..]);
            if (extensions.Length < 3 + length)
            {
                return false;
            }

            if (extensions[0] == ChecksumType && (length != sizeof(uint) || !IsChecksumRight(header, header.Length - extensions.Length + 3)))
            {
                return false;
            }

            extensions = extensions[(3 + length)..];
        }

        return true;
    }

    private static bool IsChecksumRight(ReadOnlySpan<byte> header, int at)
    {
        uint crc = uint.MaxValue;
        for (int i = 0; i < header.Length; i++)
        {
            crc = BitOperations.Crc32C(crc, i >= at && i < at + sizeof(uint) ? (byte)0 : header[i]);
        }

        return ~crc == BinaryPrimitives.ReadUInt32BigEndian(header[at..]);
    }

    /// <summary>A path that ends at its first zero, or an abstract name, which begins with one. Null for a socket without a name.</summary>
    private static UnixDomainSocketEndPoint? ReadUnixPath(ReadOnlySpan<byte> path)
    {
        bool isAbstract = path[0] == 0;
        int end = isAbstract ? path.TrimEnd((byte)0).Length : path.IndexOf((byte)0);
        ReadOnlySpan<byte> name = end < 0 ? path : path[..end];
        if (name.IsEmpty)
        {
            return null;
        }

        try
        {
            return new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(name));
        }
        catch (Exception exception) when (exception is ArgumentException or PlatformNotSupportedException)
        {
            // This operating system has no such sockets, or shorter names; the connection itself is fine.
            return null;
        }
    }
}

/// <summary>What a parser of PROXY headers answers.</summary>
internal enum ProxyHeaderStatus
{
    /// <summary>It may become a header: offer it again with more.</summary>
    NeedMore = 0,

    /// <summary>A header, and how long it is.</summary>
    Complete = 1,

    /// <summary>Whatever follows, it is none.</summary>
    Malformed = 2,
}
