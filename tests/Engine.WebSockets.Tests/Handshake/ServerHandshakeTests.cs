using System.Diagnostics;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class ServerHandshakeTests
{
    private static readonly HandshakeRequest Good = new()
    {
        IsGet = true,
        IsHttp11 = true,
        Host = "server.example.com",
        Upgrade = "websocket",
        Connection = "Upgrade",
        Key = "dGhlIHNhbXBsZSBub25jZQ==",
        Version = "13",
    };

    [Test]
    public void RFC6455_1_3_example_is_accepted_with_its_value()
    {
        HandshakeVerdict verdict = Check(Good);
        Assert.That(verdict.IsAccepted, Is.True);
        Assert.That(verdict.AcceptValue, Is.EqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        Assert.That((verdict.SubProtocol, verdict.ExtensionAnswer), Is.EqualTo(((string?)null, (string?)null)));
    }

    private static IEnumerable<TestCaseData> Requests()
    {
        yield return Case("POST", 405, Good with { IsGet = false });
        yield return Case("HTTP_1_0", 426, Good with { IsHttp11 = false });
        yield return Case("no_Upgrade", 426, Good with { Upgrade = null });
        yield return Case("Upgrade_to_something_else", 426, Good with { Upgrade = "h2c" });
        yield return Case("Upgrade_WebSocket_in_any_case", 101, Good with { Upgrade = "WebSocket" });
        yield return Case("Upgrade_as_a_list", 101, Good with { Upgrade = "h2c, websocket" });
        yield return Case("no_Connection", 426, Good with { Connection = null });
        yield return Case("Connection_keep_alive_Upgrade", 101, Good with { Connection = "keep-alive, Upgrade" });
        yield return Case("Connection_without_the_token", 426, Good with { Connection = "keep-alive, Upgraded" });
        yield return Case("no_Host", 400, Good with { Host = null });
        yield return Case("no_version", 400, Good with { Version = null });
        yield return Case("version_8", 426, Good with { Version = "8" });
        yield return Case("two_versions", 426, Good with { Version = "13, 8" });
        yield return Case("no_key", 400, Good with { Key = null });
        yield return Case("short_key", 400, Good with { Key = "c2hvcnQ=" });
        yield return Case("two_keys", 400, Good with { Key = "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==" });
        yield return Case("Granian_protocol_of_other_characters", 400, Good with { Protocols = "chat\u00E9" });
        yield return Case("protocol_with_a_space", 400, Good with { Protocols = "chat room" });
        yield return Case("CVE_2020_7662_unclosed_quote", 400, Good with { Extensions = "x; y=\"z" });
    }

    [TestCaseSource(nameof(Requests))]
    public void Request_gets_its_status(object request, int status)
    {
        HandshakeVerdict verdict = Check((HandshakeRequest)request);
        Assert.That(verdict.StatusCode, Is.EqualTo(status));
        Assert.That(verdict.TellsVersion, Is.EqualTo(status == 426 || ((HandshakeRequest)request).Version is null));
    }

    [TestCase("chat, superchat", "superchat", ExpectedResult = "superchat")]
    [TestCase("chat,superchat", "superchat;chat", ExpectedResult = "superchat")]
    [TestCase("Chat", "chat", ExpectedResult = null)]
    [TestCase("", "chat", ExpectedResult = null)]
    [TestCase("other", "chat", ExpectedResult = null)]
    [TestCase("other", "", ExpectedResult = null)]
    public string? Subprotocol_is_the_best_that_was_offered(string offered, string spoken)
    {
        HandshakeVerdict verdict = Check(Good with { Protocols = offered }, options =>
        {
            foreach (string protocol in spoken.Split(';', StringSplitOptions.RemoveEmptyEntries))
            {
                options.SubProtocols.Add(protocol);
            }
        });
        Assert.That(verdict.IsAccepted, Is.True);
        return verdict.SubProtocol;
    }

    [TestCase(null, ExpectedResult = 101)]
    [TestCase("https://good.example", ExpectedResult = 101)]
    [TestCase("HTTPS://GOOD.example", ExpectedResult = 101)]
    [TestCase("https://evil.example", ExpectedResult = 403)]
    [TestCase("https://good.example.evil.example", ExpectedResult = 403)]
    [TestCase("null", ExpectedResult = 403)]
    public int CWE_1385_origin_outside_of_the_list_gets_403(string? origin)
        => Check(Good with { Origin = origin }, options => options.AllowedOrigins.Add("https://good.example")).StatusCode;

    [TestCase("http://server.example.com", "server.example.com", ExpectedResult = 101)]
    [TestCase("https://server.example.com", "server.example.com:443", ExpectedResult = 101)]
    [TestCase("http://server.example.com:8080", "server.example.com:8080", ExpectedResult = 101)]
    [TestCase("http://server.example.com", "server.example.com:8080", ExpectedResult = 403)]
    [TestCase("http://other.example.com", "server.example.com", ExpectedResult = 403)]
    [TestCase("null", "server.example.com", ExpectedResult = 403)]
    public int Same_origin_compares_host_and_port(string origin, string host)
        => Check(Good with { Origin = origin, Host = host }, options => options.RequireSameOrigin = true).StatusCode;

    [Test]
    public void CVE_2021_32640_long_protocol_list_takes_linear_time()
    {
        long start = Stopwatch.GetTimestamp();
        string list = string.Join(", ", Enumerable.Range(0, 200_000).Select(i => $"p{i}")) + "," + new string(' ', 100_000) + "x";
        HandshakeVerdict verdict = Check(Good with { Protocols = list }, options =>
        {
            for (int i = 0; i < 50; i++)
            {
                options.SubProtocols.Add($"none{i}");
            }
        });
        Assert.That(verdict.IsAccepted, Is.True);
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(2)));
    }

    private static TestCaseData Case(string name, int status, HandshakeRequest request) => new TestCaseData(request, status).SetName($"Handshake_{name}_gets_{status}");

    private static HandshakeVerdict Check(HandshakeRequest request, Action<WebSocketEndpointOptions>? configure = null)
    {
        var options = new WebSocketEndpointOptions();
        configure?.Invoke(options);
        return ServerHandshake.Check(in request, options, mayKeepHistory: true);
    }
}
