using System.Net;

namespace Engine.Http1.Tests;

public sealed class ForwardedHeadersTests(TransportKind transport) : OverSockets(transport)
{
    private Task ServeAsync(ForwardedSyntax syntax, int maxHops = 3, string trusted = "127.0.0.0/8") => StartAsync(server =>
    {
        var options = new ForwardedHeadersOptions { Syntax = syntax, MaxHops = maxHops };
        options.TrustedNetworks.Add(IPNetwork.Parse(trusted));
        options.TrustedNetworks.Add(IPNetwork.Parse("10.0.0.0/24"));
        server.Use(ForwardedHeaders.Create(options));
        server.MapGet("/", static context =>
        {
            var client = (IPEndPoint)context.GetClientEndPoint()!;
            string address = client.Equals(context.Connection.RemoteEndPoint) ? "peer" : client.ToString();
            return context.Response.WriteAsync($"{address} {context.GetScheme()} {context.GetHost()}");
        });
    });

    [TestCase("", "peer http a")]
    [TestCase("X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7:0 http a")]
    [TestCase("X-Forwarded-For: 203.0.113.7:4711\r\nX-Forwarded-Proto: HTTPS\r\nX-Forwarded-Host: example.org:8443\r\n", "203.0.113.7:4711 https example.org:8443")]
    [TestCase("X-Forwarded-For: 1.1.1.1, 203.0.113.7\r\n", "203.0.113.7:0 http a")]
    [TestCase("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.7, 10.0.0.5\r\n", "203.0.113.7:0 http a")]
    [TestCase("X-Forwarded-For: 2.2.2.2, 10.0.0.7, 10.0.0.6, 10.0.0.5\r\n", "10.0.0.7:0 http a")]
    [TestCase("X-Forwarded-For: 203.0.113.7, 10.0.0.5\r\nX-Forwarded-Proto: https, http\r\n", "203.0.113.7:0 https a")]
    [TestCase("X-Forwarded-For: 203.0.113.7, 10.0.0.5\r\nX-Forwarded-Proto: https\r\n", "203.0.113.7:0 https a")]
    [TestCase("X-Forwarded-For: [2001:db8::1]:1\r\n", "[2001:db8::1]:1 http a")]
    [TestCase("X-Forwarded-For: 2001:db8::1\r\n", "[2001:db8::1]:0 http a")]
    [TestCase("X-Forwarded-For: ::ffff:203.0.113.7\r\n", "203.0.113.7:0 http a")]
    [TestCase("X-Forwarded-For: unknown\r\n", "peer http a")]
    [TestCase("X-Forwarded-For: 1\r\n", "peer http a")]
    [TestCase("X-Forwarded-For: 0x7f.1.1.1\r\n", "peer http a")]
    [TestCase("X-Forwarded-For: fe80::1%eth0\r\n", "peer http a")]
    [TestCase("X-Forwarded-For: evil<script>\r\n", "peer http a")]
    [TestCase("X-Forwarded-Proto: javascript\r\nX-Forwarded-Host: a/b\r\n", "peer http a")]
    [TestCase("X-Forwarded-Host: a@b\r\n", "peer http a")]
    [TestCase("Forwarded: for=203.0.113.7\r\n", "peer http a")]
    public async Task What_trusted_proxies_append_is_followed_back_to_the_client(string fields, string expected)
    {
        await ServeAsync(ForwardedSyntax.XForwarded);
        Assert.That((await GetAsync("/", fields)).Text, Is.EqualTo(expected));
    }

    [TestCase("Forwarded: for=203.0.113.7;proto=https;host=example.org\r\n", "203.0.113.7:0 https example.org")]
    [TestCase("Forwarded: For=\"[2001:db8::1]:4711\" ; Proto=HTTP;by=10.0.0.1\r\n", "[2001:db8::1]:4711 http a")]
    [TestCase("Forwarded: for=1.1.1.1, for=203.0.113.7;proto=https, for=10.0.0.5\r\n", "203.0.113.7:0 https a")]
    [TestCase("Forwarded: for=1.1.1.1\r\nForwarded: for=203.0.113.7\r\n", "203.0.113.7:0 http a")]
    [TestCase("Forwarded: for=\"203.0.113.7:_hidden\"\r\n", "203.0.113.7:0 http a")]
    [TestCase("Forwarded: for=2.2.2.2,for=10.0.0.7,for=10.0.0.6,for=10.0.0.5\r\n", "10.0.0.7:0 http a")]
    [TestCase("Forwarded: for=_secret\r\n", "peer http a")]
    [TestCase("Forwarded: for=unknown;proto=https\r\n", "peer https a")]
    [TestCase("Forwarded: for=203.0.113.7;\"x\r\n", "peer http a")]
    [TestCase("Forwarded: for=\"203.0.113.7\r\nForwarded: for=1.1.1.1\r\n", "peer http a")]
    [TestCase("Forwarded: host=\"a\\\"b\"\r\n", "peer http a")]
    [TestCase("X-Forwarded-For: 203.0.113.7\r\n", "peer http a")]
    public async Task RFC_7239_so_is_their_standard_form(string fields, string expected)
    {
        await ServeAsync(ForwardedSyntax.Forwarded);
        Assert.That((await GetAsync("/", fields)).Text, Is.EqualTo(expected));
    }

    [Test]
    public async Task Nobody_else_is_believed([Values] ForwardedSyntax syntax)
    {
        await ServeAsync(syntax, trusted: "192.0.2.0/24");
        Assert.That(
            (await GetAsync("/", "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nForwarded: for=203.0.113.7;proto=https;host=b\r\n")).Text,
            Is.EqualTo("peer http a"));
    }

    [Test]
    public async Task By_default_one_proxy_is_followed()
    {
        await ServeAsync(ForwardedSyntax.XForwarded, maxHops: new ForwardedHeadersOptions().MaxHops);
        Assert.That((await GetAsync("/", "X-Forwarded-For: 203.0.113.7, 10.0.0.5\r\n")).Text, Is.EqualTo("10.0.0.5:0 http a"));
        Assert.That(() => ForwardedHeaders.Create(new ForwardedHeadersOptions { MaxHops = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
