using System.Buffers.Binary;
using System.Text;

namespace Engine.Tests;

/// <summary>The extensions of PROXY headers of version 2.</summary>
[Category("Pure")]
public sealed class ProxyInfoTests
{
    [Test]
    public void Extensions_are_read_by_name_and_by_number()
    {
        byte[] tls = [0x01 | 0x02, 0, 0, 0, 0, .. Extension(0x21, "TLSv1.3"), .. Extension(0x22, "a client"), .. Extension(0x23, "TLS_AES_128_GCM_SHA256")];
        ProxyInfo info = Parse(Header([.. Extension(0x01, "http/1.1"), .. Extension(0x02, "example.com"), .. Extension(0x05, "id-7"), .. Extension(0x20, tls), .. Extension(0x30, "blue"), .. Extension(0xEA, "vpce")]));
        Assert.That((info.ApplicationProtocol, info.Authority, info.NetworkNamespace), Is.EqualTo(("http/1.1", "example.com", "blue")));
        Assert.That(Encoding.ASCII.GetString(info.UniqueId.Span), Is.EqualTo("id-7"));
        Assert.That((info.Tls!.Version, info.Tls.CommonName, info.Tls.Cipher), Is.EqualTo(("TLSv1.3", "a client", "TLS_AES_128_GCM_SHA256")));
        Assert.That((info.Tls.HasClientCertificate, info.Tls.IsVerified, info.Tls.KeyAlgorithm, info.Tls.SignatureAlgorithm), Is.EqualTo((true, true, (string?)null, (string?)null)));
        Assert.That(info.TryGetExtension(0xEA, out ReadOnlyMemory<byte> value) ? Encoding.ASCII.GetString(value.Span) : "", Is.EqualTo("vpce"));
        Assert.That(info.TryGetExtension(0xEB, out _), Is.False);
        Assert.That((info.Source!.ToString(), info.Destination!.ToString()), Is.EqualTo(("203.0.113.7:4711", "10.0.0.1:443")));
    }

    [TestCase("00 00000000", false, false, false)]
    [TestCase("01 00000000", true, false, false)]
    [TestCase("03 00000001", true, true, false)]
    [TestCase("05 00000000", true, true, true)]
    [TestCase("01 0000", false, false, false)]
    public void What_is_said_of_TLS_holds_only_as_far_as_it_goes(string value, bool isTls, bool hasCertificate, bool isVerified)
    {
        ProxyInfo info = Parse(Header(Extension(0x20, Convert.FromHexString(value.Replace(" ", "", StringComparison.Ordinal)))));
        Assert.That((info.Tls is not null, info.Tls?.HasClientCertificate ?? false, info.Tls?.IsVerified ?? false), Is.EqualTo((isTls, hasCertificate, isVerified)));
    }

    [Test]
    public void A_header_without_extensions_says_nothing_more()
    {
        ProxyInfo info = Parse(Header([]));
        Assert.That((info.Authority, info.ApplicationProtocol, info.Tls, info.UniqueId.Length), Is.EqualTo(((string?)null, (string?)null, (ProxyTlsInfo?)null, 0)));
    }

    [Test]
    public void A_checksum_has_to_be_right()
    {
        byte[] header = Header([.. Extension(0x02, "example.com"), .. Extension(0x03, new byte[4])]);
        uint crc = Crc32C(header);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(header.Length - 4), crc);
        Assert.That(Parse(header).Authority, Is.EqualTo("example.com"));
        header[20] ^= 1;
        Assert.That(ProxyHeader.Parse(header, 4096, out _, out _), Is.EqualTo(ProxyHeaderStatus.Malformed));
        Assert.That(ProxyHeader.Parse(Header(Extension(0x03, new byte[3])), 4096, out _, out _), Is.EqualTo(ProxyHeaderStatus.Malformed));
    }

    /// <summary>By the polynomial, bit by bit (RFC 3720 appendix B.4), so that it shares nothing with the code.</summary>
    private static uint Crc32C(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }

    private static ProxyInfo Parse(byte[] bytes)
    {
        Assert.That(ProxyHeader.Parse(bytes, 4096, out ProxyHeader header, out int consumed), Is.EqualTo(ProxyHeaderStatus.Complete));
        Assert.That(consumed, Is.EqualTo(bytes.Length));
        return new ProxyInfo(header.Source, header.Destination, header.Extensions ?? []);
    }

    private static byte[] Header(byte[] extensions)
    {
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)(12 + extensions.Length));
        return [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, .. length, 203, 0, 113, 7, 10, 0, 0, 1, 4711 >> 8, 4711 & 255, 443 >> 8, 443 & 255, .. extensions];
    }

    private static byte[] Extension(byte type, string value) => Extension(type, Encoding.ASCII.GetBytes(value));

    private static byte[] Extension(byte type, byte[] value) => [type, (byte)(value.Length >> 8), (byte)value.Length, .. value];
}
