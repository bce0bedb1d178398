using System.Net;
using System.Text;
using Engine.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests;

/// <summary>Headers of the PROXY protocol, by the numbers of its specification: every form, every cut, and what is none.</summary>
[Category("Pure")]
public sealed class ProxyHeaderTests
{
    private const int MaxBytes = 4096;
    private const string Signature = "0D0A0D0A000D0A515549540A";
    private const string Tcp4 = "C0A80001" + "0A000001" + "DDD5" + "01BB";
    private const string Tcp6 = "20010DB8000000000000000000000001" + "20010DB8000000000000000000000002" + "DDD5" + "01BB";

    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 56789 443\r\n", "192.168.0.1:56789", "10.0.0.1:443")]
    [TestCase("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535", "255.255.255.255:65535")]
    [TestCase("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0", "0.0.0.0:0")]
    [TestCase("PROXY TCP6 2001:db8::1 2001:DB8::2 56789 443\r\n", "[2001:db8::1]:56789", "[2001:db8::2]:443")]
    [TestCase("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")]
    [TestCase("PROXY TCP6 :: ::1 1 2\r\n", "[::]:1", "[::1]:2")]
    [TestCase("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "[::ffff:192.0.2.1]:1", "[::1]:2")]
    [TestCase("PROXY UNKNOWN\r\n", "none", "none")]
    [TestCase("PROXY UNKNOWN \r\n", "none", "none")]
    [TestCase("PROXY UNKNOWN anything at all, even PROXY TCP4\r\n", "none", "none")]
    [TestCase("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "none", "none")]
    public void Text_header_names_both_ends(string header, string source, string destination)
        => Assert.That(ParseAtEveryCut(Encoding.Latin1.GetBytes(header)), Is.EqualTo($"{source} -> {destination}, {header.Length} bytes"));

    [TestCase("21" + "11" + "000C" + Tcp4, "192.168.0.1:56789", "10.0.0.1:443")]
    [TestCase("21" + "21" + "0024" + Tcp6, "[2001:db8::1]:56789", "[2001:db8::2]:443")]
    [TestCase("21" + "11" + "0014" + Tcp4 + "040005" + "0102030405", "192.168.0.1:56789", "10.0.0.1:443", TestName = "with a NOOP extension")]
    [TestCase("21" + "11" + "001A" + Tcp4 + "010008" + "687474702F312E31" + "050000", "192.168.0.1:56789", "10.0.0.1:443", TestName = "with two extensions")]
    [TestCase("21" + "00" + "0000", "none", "none", TestName = "unspecified")]
    [TestCase("21" + "00" + "0005" + "0102030405", "none", "none", TestName = "unspecified, with bytes to skip")]
    [TestCase("20" + "00" + "0000", "none", "none", TestName = "local")]
    [TestCase("20" + "11" + "000C" + Tcp4, "none", "none", TestName = "local, whose addresses mean nothing")]
    [TestCase("20" + "FF" + "0003" + "010203", "none", "none", TestName = "local, whose family means nothing")]
    public void Binary_header_names_both_ends(string afterSignature, string source, string destination)
    {
        byte[] header = Convert.FromHexString(Signature + afterSignature);
        Assert.That(ParseAtEveryCut(header), Is.EqualTo($"{source} -> {destination}, {header.Length} bytes"));
    }

    [Test]
    [Platform("Linux")]
    public void Binary_header_names_Unix_sockets()
    {
        Assert.That(ParseAtEveryCut(UnixHeader("/run/client.sock"u8, "/run/server.sock"u8)), Is.EqualTo("/run/client.sock -> /run/server.sock, 232 bytes"));
        Assert.That(ParseAtEveryCut(UnixHeader([], "\0abstract"u8)), Is.EqualTo("none -> @abstract, 232 bytes"));
        Assert.That(ParseAtEveryCut(UnixHeader(Enumerable.Repeat((byte)'a', 108).ToArray(), [])), Does.EndWith("232 bytes"));
    }

    [Test]
    public void Binary_header_may_be_as_long_as_the_bound_and_no_longer()
    {
        byte[] header = [.. Convert.FromHexString(Signature + "2111" + "0FF0" + Tcp4 + "04" + "0FE1"), .. new byte[0x0FE1]];
        Assert.That(header, Has.Length.EqualTo(MaxBytes));
        Assert.That(Parse(header), Does.EndWith("4096 bytes"));
        Assert.That(ProxyHeader.Parse(header.AsSpan(0, 16), MaxBytes - 1, out _, out _), Is.EqualTo(ProxyHeaderStatus.Malformed), "refused before it has arrived");
    }

    [TestCase("GET / HTTP/1.1\r\n\r\n")]
    [TestCase("proxy TCP4 192.168.0.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY\r\n")]
    [TestCase("PROXY \r\n")]
    [TestCase("PROXY TCP4\r\n")]
    [TestCase("PROXY TCP5 192.168.0.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY UDP4 192.168.0.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY  TCP4 192.168.0.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4  192.168.0.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 1 2 \r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 1 2 3\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 1\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 1 \r\n")]
    [TestCase("PROXY\tTCP4 192.168.0.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 1 2\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 1 2\r\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 1 2\rX")]
    [TestCase("PROXY TCP4 192.168.0.256 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.01 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4 0xC0.168.0.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4 3232235521 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP4 ::1 ::1 1 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 65536 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 -1 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 +1 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 01 2\r\n")]
    [TestCase("PROXY TCP4 192.168.0.1 10.0.0.1 1 http\r\n")]
    [TestCase("PROXY TCP6 192.168.0.1 10.0.0.1 1 2\r\n")]
    [TestCase("PROXY TCP6 2001:db8:::1 ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 12345::1 ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 [::1] ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 fe80::1%1 ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 ::g ::1 1 2\r\n")]
    [TestCase("PROXY UNKNOWN\n")]
    [TestCase("PROXY UNKNOWNS\r\n")]
    [TestCase("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n", TestName = "one byte longer than version 1 allows")]
    [TestCase("PROXY UNKNOWN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TestName = "without an end")]
    public void Text_that_is_no_header_is_refused(string bytes) => Assert.That(ParseAtEveryCut(Encoding.Latin1.GetBytes(bytes)), Is.EqualTo("malformed"));

    [TestCase("0D0A0D0A000D0A515549540B" + "21" + "11" + "000C" + Tcp4, TestName = "another signature")]
    [TestCase("0D0A0D0A000D0A51554954" + "21" + "11" + "000C" + Tcp4, TestName = "a signature that lacks a byte")]
    [TestCase(Signature + "11" + "11" + "000C" + Tcp4, TestName = "version 1 in binary")]
    [TestCase(Signature + "31" + "11" + "000C" + Tcp4, TestName = "version 3")]
    [TestCase(Signature + "22" + "11" + "000C" + Tcp4, TestName = "an unknown command")]
    [TestCase(Signature + "21" + "12" + "000C" + Tcp4, TestName = "datagrams over IPv4")]
    [TestCase(Signature + "21" + "22" + "0024" + Tcp6, TestName = "datagrams over IPv6")]
    [TestCase(Signature + "21" + "10" + "000C" + Tcp4, TestName = "a family without a transport")]
    [TestCase(Signature + "21" + "01" + "000C" + Tcp4, TestName = "a transport without a family")]
    [TestCase(Signature + "21" + "41" + "000C" + Tcp4, TestName = "an unknown family")]
    [TestCase(Signature + "21" + "13" + "000C" + Tcp4, TestName = "an unknown transport")]
    [TestCase(Signature + "21" + "11" + "000B" + "C0A800010A000001DDD501", TestName = "shorter than IPv4 addresses")]
    [TestCase(Signature + "21" + "21" + "000C" + Tcp4, TestName = "shorter than IPv6 addresses")]
    [TestCase(Signature + "21" + "31" + "000C" + Tcp4, TestName = "shorter than Unix paths")]
    [TestCase(Signature + "21" + "11" + "0000", TestName = "no addresses")]
    [TestCase(Signature + "21" + "11" + "FFFF" + Tcp4, TestName = "longer than the bound")]
    [TestCase(Signature + "20" + "00" + "FFFF", TestName = "local, longer than the bound")]
    [TestCase(Signature + "21" + "11" + "000D" + Tcp4 + "04", TestName = "an extension that lacks its length")]
    [TestCase(Signature + "21" + "11" + "0010" + Tcp4 + "04000201", TestName = "an extension that lacks a byte")]
    public void Bytes_that_are_no_header_are_refused(string hex) => Assert.That(ParseAtEveryCut(Convert.FromHexString(hex)), Is.EqualTo("malformed"));

    [Test]
    public void What_follows_a_header_is_the_clients()
    {
        byte[] text = Encoding.Latin1.GetBytes("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n");
        Assert.That(Parse(text), Does.EndWith(", 32 bytes"));
        byte[] binary = [.. Convert.FromHexString(Signature + "2111000C" + Tcp4), .. "GET /"u8];
        Assert.That(Parse(binary), Does.EndWith(", 28 bytes"));
    }

    [Test]
    public void Any_bytes_are_answered_the_same_however_they_are_cut()
    {
        Gen<byte[]> tails = ArbMap.Default.GeneratorFor<byte[]>();
        Prop.ForAll(tails.ToArbitrary(), tail =>
        {
            byte[][] starts = [[], "PROXY "u8.ToArray(), "PROXY TCP4 1.2."u8.ToArray(), Convert.FromHexString(Signature), Convert.FromHexString(Signature + "2111")];
            foreach (byte[] start in starts)
            {
                ParseAtEveryCut([.. start, .. tail]);
            }
        }).QuickCheckThrowOnFailure();
    }

    private static byte[] UnixHeader(ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination)
    {
        byte[] header = [.. Convert.FromHexString(Signature + "213100D8"), .. new byte[216]];
        source.CopyTo(header.AsSpan(16));
        destination.CopyTo(header.AsSpan(124));
        return header;
    }

    /// <summary>As the connection does it: everything so far is offered again with each piece.</summary>
    private static string ParseAtEveryCut(byte[] bytes) => EverySplit.Of(bytes, static pieces =>
    {
        byte[] soFar = [];
        string answer = "more";
        foreach (byte[] piece in pieces)
        {
            soFar = [.. soFar, .. piece];
            answer = Parse(soFar);
            if (answer != "more")
            {
                break;
            }
        }

        return answer;
    });

    private static string Parse(ReadOnlySpan<byte> bytes) => ProxyHeader.Parse(bytes, MaxBytes, out ProxyHeader header, out int consumed) switch
    {
        ProxyHeaderStatus.NeedMore => "more",
        ProxyHeaderStatus.Malformed => "malformed",
        _ => $"{Show(header.Source)} -> {Show(header.Destination)}, {consumed} bytes",
    };

    private static string Show(EndPoint? endPoint) => endPoint?.ToString() ?? "none";
}
