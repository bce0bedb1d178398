using System.Net;
using System.Text;

namespace Engine.Tests;

[Category("Pure")]
public sealed class ProxyTunnelTests
{
    private static readonly EndPoint Proxy = new IPEndPoint(IPAddress.Loopback, 1);

    [TestCase("example.com", "example.com:443")]
    [TestCase("2001:db8::1", "[2001:db8::1]:443")]
    public void Http_proxy_is_asked_by_the_hosts_authority(string host, string authority)
        => Assert.That(
            Encoding.ASCII.GetString(ConnectProxy.Http(Proxy).Open(host, 443).First),
            Is.EqualTo($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));

    [Test]
    public void Http_proxy_is_told_who_asks()
        => Assert.That(
            Encoding.ASCII.GetString(ConnectProxy.Http(Proxy, "Aladdin", "open sesame").Open("a", 1).First),
            Does.Contain("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));

    [TestCase("HTTP/1.1 200 Connection established\r\n\r\n")]
    [TestCase("HTTP/1.0 204 X\r\nVia: x\r\n\r\n")]
    public void Http_tunnel_is_open_after_the_answer_and_what_follows_is_the_hosts(string answer)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(answer + "rest");
        ProxyTunnel tunnel = ConnectProxy.Http(Proxy).Open("a", 1);
        for (int length = 0; length < answer.Length; length++)
        {
            Assert.That((tunnel.Read(bytes.AsSpan(0, length), out byte[]? none, out bool early), none, early), Is.EqualTo((0, (byte[]?)null, false)));
        }

        Assert.That((tunnel.Read(bytes, out byte[]? reply, out bool isOpen), reply, isOpen), Is.EqualTo((answer.Length, (byte[]?)null, true)));
    }

    [Test]
    public void Interim_answer_of_an_http_proxy_is_read_past()
    {
        ProxyTunnel tunnel = ConnectProxy.Http(Proxy).Open("a", 1);
        Assert.That((tunnel.Read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1"u8, out _, out bool isOpen), isOpen), Is.EqualTo((25, false)));
    }

    [TestCase("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407")]
    [TestCase("HTTP/1.1 502 Bad Gateway\r\n\r\n", "502")]
    [TestCase("SSH-2.0-x\r\n\r\n", "does not answer as an HTTP proxy")]
    public void Refusal_of_an_http_proxy_is_told(string answer, string what)
        => Assert.That(() => ConnectProxy.Http(Proxy).Open("a", 1).Read(Encoding.ASCII.GetBytes(answer), out _, out _), Throws.InstanceOf<IOException>().With.Message.Contains(what));

    [Test]
    public void Endless_answer_of_an_http_proxy_is_cut()
        => Assert.That(() => ConnectProxy.Http(Proxy).Open("a", 1).Read(new byte[40_000], out _, out _), Throws.InstanceOf<IOException>());

    [Test]
    public void Socks_proxy_without_a_user_is_asked_for_a_name()
    {
        ProxyTunnel tunnel = ConnectProxy.Socks5(Proxy).Open("host.example", 8080);
        Assert.That(tunnel.First, Is.EqualTo(new byte[] { 5, 1, 0 }));
        Assert.That(tunnel.Read([5], out _, out _), Is.Zero);
        Assert.That(tunnel.Read([5, 0], out byte[]? request, out bool isOpen), Is.EqualTo(2));
        Assert.That(isOpen, Is.False);
        Assert.That(request, Is.EqualTo((byte[])[5, 1, 0, 3, 12, .. "host.example"u8, 0x1F, 0x90]));
        byte[] answer = [5, 0, 0, 3, 2, (byte)'a', (byte)'b', 0, 1, 99];
        Assert.That(tunnel.Read(answer.AsSpan(0, 8), out _, out isOpen), Is.Zero);
        Assert.That((tunnel.Read(answer, out _, out isOpen), isOpen), Is.EqualTo((9, true)));
    }

    [TestCase("10.1.2.3", new byte[] { 1, 10, 1, 2, 3 })]
    [TestCase("::1", new byte[] { 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 })]
    public void Socks_proxy_is_asked_for_an_address_as_one(string host, byte[] address)
    {
        ProxyTunnel tunnel = ConnectProxy.Socks5(Proxy).Open(host, 1);
        tunnel.Read([5, 0], out byte[]? request, out _);
        Assert.That(request, Is.EqualTo((byte[])[5, 1, 0, .. address, 0, 1]));
        Assert.That(tunnel.Read([5, 0, 0, 4, .. new byte[18]], out _, out bool isOpen), Is.EqualTo(22));
        Assert.That(isOpen, Is.True);
    }

    [Test]
    public void Socks_proxy_is_told_who_asks()
    {
        ProxyTunnel tunnel = ConnectProxy.Socks5(Proxy, "user", "pass").Open("a", 1);
        Assert.That(tunnel.First, Is.EqualTo(new byte[] { 5, 2, 0, 2 }));
        tunnel.Read([5, 2], out byte[]? credentials, out _);
        Assert.That(credentials, Is.EqualTo((byte[])[1, 4, .. "user"u8, 4, .. "pass"u8]));
        tunnel.Read([1, 0], out byte[]? request, out _);
        Assert.That(request![..3], Is.EqualTo(new byte[] { 5, 1, 0 }));
    }

    [TestCase(new byte[] { 4, 0 }, "does not speak SOCKS5")]
    [TestCase(new byte[] { 5, 255 }, "no way of authentication")]
    [TestCase(new byte[] { 5, 2 }, "asks for a user name")]
    public void Socks_proxy_that_cannot_be_talked_to_is_told(byte[] answer, string what)
        => Assert.That(() => ConnectProxy.Socks5(Proxy).Open("a", 1).Read(answer, out _, out _), Throws.InstanceOf<IOException>().With.Message.Contains(what));

    [Test]
    public void Refusals_of_a_socks_proxy_are_told()
    {
        ProxyTunnel refused = ConnectProxy.Socks5(Proxy).Open("a", 1);
        refused.Read([5, 0], out _, out _);
        Assert.That(() => refused.Read([5, 5, 0, 1, 0, 0, 0, 0, 0, 0], out _, out _), Throws.InstanceOf<IOException>().With.Message.Contains("code 5"));
        ProxyTunnel unknown = ConnectProxy.Socks5(Proxy, "u", "p").Open("a", 1);
        unknown.Read([5, 2], out _, out _);
        Assert.That(() => unknown.Read([1, 1], out _, out _), Throws.InstanceOf<IOException>().With.Message.Contains("user name"));
        Assert.That(() => ConnectProxy.Socks5(Proxy, new string('u', 256)), Throws.ArgumentException);
    }
}
