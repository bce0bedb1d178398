using System.Text;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class ClientHandshakeTests
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string Good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

    [Test]
    public void Request_says_what_RFC6455_4_1_demands()
    {
        var options = new WebSocketClientOptions { Compression = new WebSocketCompressionOptions() };
        options.SubProtocols.Add("a");
        options.SubProtocols.Add("b");
        options.Headers["Authorization"] = "Bearer x";
        string request = Encoding.Latin1.GetString(ClientHandshake.Request(new Uri("ws://example.com:8080/path?q=1"), options.Headers, options, Key));
        Assert.That(request, Does.StartWith("GET /path?q=1 HTTP/1.1\r\nHost: example.com:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n").And.EndsWith("\r\n\r\n"));
        Assert.That(request, Does.Contain($"Sec-WebSocket-Key: {Key}\r\nSec-WebSocket-Version: 13\r\n"));
        Assert.That(request, Does.Contain("Sec-WebSocket-Protocol: a, b\r\n").And.Contain("Authorization: Bearer x\r\n"));
        Assert.That(request, Does.Contain("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits\r\n"));
        Assert.That(Encoding.Latin1.GetString(ClientHandshake.Request(new Uri("wss://example.com/"), options.Headers, new WebSocketClientOptions(), Key)), Does.Contain("Host: example.com\r\n"));
    }

    [Test]
    public void Header_that_would_break_the_request_is_refused()
    {
        var options = new WebSocketClientOptions();
        options.Headers["X"] = "a\r\nInjected: 1";
        Assert.That(() => ClientHandshake.Request(new Uri("ws://x/"), options.Headers, options, Key), Throws.ArgumentException);
    }

    [Test]
    public void Good_answer_is_accepted()
        => Assert.That(ClientHandshake.ReadAnswer(Encoding.ASCII.GetBytes(Good + "\r\n"), new WebSocketClientOptions(), Key), Is.EqualTo(new ClientAgreement(null, default)));

    [TestCase("HTTP/1.0 101 X\r\n\r\n")]
    [TestCase("SSH-2.0\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\n\r\n")]
    [TestCase("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: bad\r\n\r\n")]
    [TestCase("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")]
    [TestCase(Good + "Sec-WebSocket-Protocol: unasked\r\n\r\n")]
    [TestCase(Good + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")]
    public void Answer_that_was_not_asked_for_is_refused(string answer)
        => Assert.That(() => ClientHandshake.ReadAnswer(Encoding.ASCII.GetBytes(answer), new WebSocketClientOptions(), Key), Throws.InstanceOf<WebSocketHandshakeException>());

    [TestCase("ws://[::1]:8080/x", "[::1]:8080")]
    [TestCase("wss://[2001:db8::2]/", "[2001:db8::2]")]
    [TestCase("ws://b\u00fccher.example/", "xn--bcher-kva.example")]
    [TestCase("ws://127.0.0.1:9/", "127.0.0.1:9")]
    public void Host_is_written_as_RFC3986_3_2_2_says(string uri, string host)
    {
        var options = new WebSocketClientOptions();
        Assert.That(Encoding.Latin1.GetString(ClientHandshake.Request(new Uri(uri), options.Headers, options, Key)), Does.Contain($"\r\nHost: {host}\r\n"));
    }

    [Test]
    public void Host_of_the_headers_takes_the_place_of_the_uris()
    {
        var options = new WebSocketClientOptions { Headers = { ["Host"] = "inner.example" } };
        string request = Encoding.Latin1.GetString(ClientHandshake.Request(new Uri("ws://x/"), options.Headers, options, Key));
        Assert.That(request.Split("Host:"), Has.Length.EqualTo(2));
        Assert.That(request, Does.Contain("Host: inner.example\r\n"));
    }

    [Test]
    public void Interim_answer_is_none()
        => Assert.That(ClientHandshake.ReadAnswer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"u8, new WebSocketClientOptions(), Key), Is.Null);

    [TestCase("7", 7, 7)]
    [TestCase("99999999999", 86_400, 86_400)]
    [TestCase("soon", null, null)]
    [TestCase("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0)]
    [TestCase("in 100 seconds", 95, 101)]
    public void RetryAfter_is_read_as_seconds_and_as_a_date(string value, int? least, int? most)
    {
        string header = value == "in 100 seconds" ? DateTimeOffset.UtcNow.AddSeconds(100).ToString("r") : value;
        byte[] answer = Encoding.ASCII.GetBytes($"HTTP/1.1 503 Busy\r\nRetry-After: {header}\r\n\r\n");
        WebSocketHandshakeException? exception = Assert.Throws<WebSocketHandshakeException>(() => ClientHandshake.ReadAnswer(answer, new WebSocketClientOptions(), Key));
        Assert.That(exception!.RetryAfter?.TotalSeconds, least is null ? Is.Null : Is.InRange(least, most!));
    }
}
