using System.Net;
using System.Net.Sockets;

namespace Engine.Hosting.Tests;

[Category("Pure")]
public sealed class EndPointTextTests
{
    [TestCase("127.0.0.1:80", "127.0.0.1:80")]
    [TestCase("localhost:65535", "127.0.0.1:65535")]
    [TestCase("[::1]:0", "[::1]:0")]
    [TestCase("unix:/run/app.sock", "/run/app.sock")]
    public void An_end_point_is_read(string text, string expected)
    {
        Assert.That(EndPointText.Parse(text, [], out string? error)!.Single().ToString(), Is.EqualTo(expected));
        Assert.That(error, Is.Null);
    }

    [Test]
    public void A_star_takes_every_address()
    {
        var endPoint = (IPEndPoint)EndPointText.Parse("*:80", [], out _)!.Single();
        Assert.That(endPoint.Address, Is.EqualTo(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("80")]
    [TestCase(":80")]
    [TestCase("127.0.0.1")]
    [TestCase("127.0.0.1:65536")]
    [TestCase("127.0.0.1:-1")]
    [TestCase("127.0.0.1: 80")]
    [TestCase("::1:80")]
    [TestCase("[127.0.0.1]:80")]
    [TestCase("unix:")]
    [TestCase("example.org:80")]
    [TestCase("systemdx")]
    public void What_names_no_end_point_is_refused(string? text)
    {
        Assert.That(EndPointText.Parse(text, [], out string? error), Is.Null);
        Assert.That(error, Does.Contain("127.0.0.1:8080"));
    }

    [Test]
    public void Sockets_of_systemd_are_found_by_name_or_all_together()
    {
        InheritedEndPoint[] inherited = [new(3, "http"), new(4, "admin"), new(5, "http")];
        Assert.That(EndPointText.Parse("systemd:http", inherited, out _), Is.EqualTo((EndPoint[])[inherited[0], inherited[2]]));
        Assert.That(EndPointText.Parse("systemd", inherited, out _), Is.EqualTo(inherited));
        Assert.That(EndPointText.Parse("systemd:other", inherited, out string? error), Is.Null);
        Assert.That(error, Does.Contain("LISTEN_FDNAMES"));
    }
}
