using System.Net;
using Engine.Http1;
using Microsoft.Extensions.Options;

namespace Engine.Hosting.Tests;

/// <summary>Settings come from the configuration; a mistake fails the start with a message that begins with its key.</summary>
[Category("Sockets")]
[CancelAfter(30_000)]
public sealed class ServerSettingsTests
{
    [Test]
    public async Task Every_kind_of_value_is_bound()
    {
        HttpServerOptions? seen = null;
        await using TestHost host = TestHost.Build(
            services => services.AddEngine().AddHttpServer("web", server => server.ConfigureOptions((options, _) => seen = options)),
            ("Engine:Servers:web:Listen:0", "127.0.0.1:0"),
            ("Engine:Servers:web:Listen:1", "[::1]:0"),
            ("Engine:Servers:web:Transport", "Sockets"),
            ("Engine:Servers:web:LoopCount", "1"),
            ("Engine:Servers:web:HandlerScheduling", "ThreadPool"),
            ("Engine:Servers:web:ServerHeader", "hosted"),
            ("Engine:Servers:web:MaxConcurrentConnections", "12"),
            ("Engine:Servers:web:MaxConnectionsPerAddress", "11"),
            ("Engine:Servers:web:MaxAcceptsPerSecond", "10000"),
            ("Engine:Servers:web:MaxTotalOutboundBytes", "5000000000"),
            ("Engine:Servers:web:Backlog", "77"),
            ("Engine:Servers:web:ReusePort", "true"),
            ("Engine:Servers:web:TrustedProxies:0", "10.0.0.0/8"),
            ("Engine:Servers:web:Limits:MaxRequestLineSize", "100"),
            ("Engine:Servers:web:Limits:KeepAliveTimeout", "00:00:07"),
            ("Engine:Servers:web:Connections:MaxOutboundBytes", "4096"),
            ("Engine:Servers:web:Connections:Backpressure", "Disconnect"));
        await host.StartAsync();
        Assert.That(host.Servers["WEB"].EndPoints.Select(endPoint => ((IPEndPoint)endPoint).Address), Is.EqualTo((IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback]));
        Assert.Multiple(() =>
        {
            Assert.That(seen!.Transport, Is.EqualTo(TransportKind.Sockets));
            Assert.That(seen.HandlerScheduling, Is.EqualTo(HandlerScheduling.ThreadPool));
            Assert.That(seen.ServerHeader, Is.EqualTo("hosted"));
            Assert.That(seen.Limits.MaxRequestLineSize, Is.EqualTo(100));
            Assert.That(seen.Limits.KeepAliveTimeout, Is.EqualTo(TimeSpan.FromSeconds(7)));
            Assert.That(seen.Server.LoopCount, Is.EqualTo(1));
            Assert.That(seen.Server.MaxConcurrentConnections, Is.EqualTo(12));
            Assert.That(seen.Server.MaxConnectionsPerAddress, Is.EqualTo(11));
            Assert.That(seen.Server.MaxAcceptsPerSecond, Is.EqualTo(10_000));
            Assert.That(seen.Server.MaxTotalOutboundBytes, Is.EqualTo(5_000_000_000));
            Assert.That(seen.Server.Backlog, Is.EqualTo(77));
            Assert.That(seen.Server.ReusePort, Is.True);
            Assert.That(seen.Server.Name, Is.EqualTo("web"));
            Assert.That(seen.Server.ProxyProtocol!.TrustedNetworks, Is.EqualTo((IPNetwork[])[IPNetwork.Parse("10.0.0.0/8")]));
            Assert.That(seen.Server.Connections.MaxOutboundBytes, Is.EqualTo(4096));
            Assert.That(seen.Server.Connections.Backpressure, Is.EqualTo(BackpressurePolicy.Disconnect));
        });
    }

    [TestCase("Engine:Servers:web:Listen:0", "localhost:http", "write 127.0.0.1:8080")]
    [TestCase("Engine:Servers:web:Listen:0", "::1:8080", "write 127.0.0.1:8080")]
    [TestCase("Engine:Servers:web:Listen:0", "systemd:web", "LISTEN_FDS")]
    [TestCase("Engine:Servers:web:LoopCount", "65", "64")]
    [TestCase("Engine:Servers:web:LoopCount", "many", "many")]
    [TestCase("Engine:Servers:web:Backlog", "0", "1")]
    [TestCase("Engine:Servers:web:MaxConcurrentConnections", "-1", "-1")]
    [TestCase("Engine:Servers:web:Limits:MaxRequestLineSize", "3", "64")]
    [TestCase("Engine:Servers:web:Limits:KeepAliveTimeout", "soon", "soon")]
    [TestCase("Engine:Servers:web:Connections:MaxOutboundBytes", "1", "1024")]
    [TestCase("Engine:Servers:web:Transport", "pigeon", "pigeon")]
    [TestCase("Engine:Servers:web:Transport", "9", "no transport")]
    [TestCase("Engine:Servers:web:TrustedProxies:0", "everybody", "10.0.0.0/8")]
    [TestCase("Engine:Servers:web:Certificates:0:HostName", "*", "CertificatePath: a file is needed")]
    [TestCase("Engine:Servers:web:Certificates:0:CertificatePath", "/nowhere/cert.pem", "/nowhere/cert.pem")]
    [TestCase("Engine:DrainDelay", "-00:00:01", "negative")]
    [TestCase("Engine:DrainTimeout", "-00:00:01", "negative")]
    [TestCase("Engine:CertificateCheckInterval", "00:00:00", "10 milliseconds")]
    [TestCase("Engine:MaxLoopLag", "00:00:00", "positive")]
    [TestCase("Engine:DrainTime", "00:00:05", "no such key")]
    [TestCase("Engine:Servers:wbe:LoopCount", "1", "web")]
    public async Task A_mistake_fails_the_start_and_is_named_by_its_key(string key, string value, string part)
    {
        await using TestHost host = TestHost.Build(static services => services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server)), (key, value));
        Exception? failure = await Assert.CatchAsync(host.StartAsync);
        string named = part.StartsWith("CertificatePath", StringComparison.Ordinal) || key.StartsWith("Engine:Servers:wbe", StringComparison.Ordinal) ? key[..key.LastIndexOf(':')] : key;
        Assert.That(failure!.Message + failure.InnerException?.Message, Does.Contain(named).And.Contain(part));
    }

    [Test]
    public async Task A_key_that_does_not_exist_fails_the_start()
    {
        await using TestHost host = TestHost.Build(
            static services => services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server)), ("Engine:Servers:web:MaxConections", "5"));
        Assert.That(host.StartAsync, Throws.TypeOf<OptionsValidationException>().With.Message.Contains("Engine:Servers:web").And.Message.Contains("MaxConections"));
    }

    [Test]
    public async Task All_mistakes_are_told_at_once()
    {
        await using TestHost host = TestHost.Build(
            static services => services.AddEngine().AddHttpServer("web", static _ => { }),
            ("Engine:Servers:web:Limits:MaxRequestHeaderCount", "0"),
            ("Engine:Servers:web:Listen:0", "x"));
        Assert.That(
            host.StartAsync, Throws.TypeOf<OptionsValidationException>().With.Message.Contains("MaxRequestHeaderCount").And.Message.Contains("Engine:Servers:web:Listen:0"));
    }
}
