using System.Net;

namespace Engine.Tests;

/// <summary>What the kernel writes about a peer, as <c>sockaddr_in</c> and <c>sockaddr_in6</c> lie in memory on a little-endian machine.</summary>
public sealed class PeerAddressTests
{
    private const string Ipv4 = "0200 1267 CB007107 0000000000000000";
    private const string Ipv6 = "0A00 1267 00000000 FE80000000000000 0123456789ABCDEF 04000000";

    [TestCase(Ipv4, "203.0.113.7:4711")]
    [TestCase("0200 FFFF FFFFFFFF 0000000000000000", "255.255.255.255:65535")]
    [TestCase(Ipv6, "[fe80::123:4567:89ab:cdef%4]:4711")]
    [TestCase("0A00 0050 00000000 0000000000000000 0000000000000001 00000000", "[::1]:80")]
    [TestCase("0A00 0050 00000000 0000000000000000 0000FFFFCB007107 00000000", "[::ffff:203.0.113.7]:80")]
    public void Address_is_that_of_the_bytes(string bytes, string expected)
    {
        var address = new PeerAddress(Bytes(bytes));
        Assert.That(address.IsKnown);
        Assert.That(address.ToEndPoint(), Is.EqualTo(IPEndPoint.Parse(expected)));
    }

    [Test]
    public void Address_of_another_family_or_cut_off_is_not_known([Values(Ipv4, Ipv6, "0100 2F746D70", "1100 0000")] string text)
    {
        byte[] bytes = Bytes(text);
        int whole = text is Ipv4 or Ipv6 ? bytes.Length : int.MaxValue;
        for (int length = 0; length <= Math.Min(whole - 1, bytes.Length); length++)
        {
            Assert.That(new PeerAddress(bytes.AsSpan(0, length)).IsKnown, Is.False, $"{length} bytes");
        }
    }

    private static byte[] Bytes(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));
}
