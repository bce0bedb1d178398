using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Engine.TestKit;
using Engine.WebSockets;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

#pragma warning disable CA5359 // The tests of the engine judge certificates; these judge what is said inside.

/// <summary>https and wss, by each back end, with curl, OpenSSL's client, npm ws, Chromium, the runtime's clients and our own.</summary>
[TestFixture("sockets", "sslstream")]
[TestFixture("sockets", "openssl")]
[TestFixture("epoll", "sslstream")]
[TestFixture("epoll", "openssl")]
[CancelAfter(120_000)]
public sealed class TlsTests(string transport, string backend)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private ServerProgram? _server;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    private string Authority => _server!.EndPoint.ToString();

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await ServerProgram.StartTestServerAsync(transport, "--tls", "--tls-backend", backend);

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            Assert.That(_server.Process.Error, Is.Empty);
        }
    }

    [Test]
    public async Task Curl_speaks_https_with_ALPN()
    {
        (int exitCode, string output, string error) = await ChildProcess.RunAsync(
            "curl", ["-kisv", "--max-time", "20", $"https://{Authority}/plain", $"https://{Authority}/plain"], TimeSpan.FromSeconds(30));
        Assert.That(exitCode, Is.Zero, error);
        Assert.That(output.Split("Hello, World!").Length, Is.EqualTo(3));
        Assert.That(error, Does.Contain("http/1.1"));
    }

    [Test]
    public async Task Curl_gets_events_as_they_are_sent()
    {
        await using ChildProcess curl = ChildProcess.Start("curl", ["-ksN", $"https://{Authority}/sse?count=1000&size=4&interval=500"]);
        await curl.WaitForLineAsync(static line => line == "id: 1", TimeSpan.FromSeconds(10));
        Assert.That(curl.HasExited, Is.False);
    }

    [Test]
    public async Task Ws_gets_every_size_back_over_wss()
    {
        string folder = Path.Combine(Repository.Root, "tests", "Engine.Interop.Tests", "node");
        (int exitCode, string output, string error) = await ChildProcess.RunAsync("node", ["ws-client.mjs", $"wss://{Authority}/", "echo", $"{16 << 20}"], TimeSpan.FromSeconds(60), folder);
        Assert.That(exitCode, Is.Zero, output + error);
        Assert.That(output, Does.Contain("\"same\":true").And.Not.Contain("\"same\":false"));
    }

    [Test]
    public async Task Chromium_speaks_https_and_wss()
    {
        await using Chromium browser = await Chromium.LaunchAsync();
        IPage page = await browser.NewPageAsync(new BrowserNewPageOptions { IgnoreHTTPSErrors = true });
        await page.GotoAsync($"https://{Authority}/plain");
        string echoed = await page.EvaluateAsync<string>(
            """
            () => new Promise((resolve, reject) => {
              const socket = new WebSocket(`wss://${location.host}/`);
              socket.onopen = () => socket.send('over wss');
              socket.onmessage = ({ data }) => resolve(data);
              socket.onerror = reject;
            })
            """);
        Assert.That(echoed, Is.EqualTo("over wss"));
    }

    [TestCase("-tls1_2", "TLSv1.2")]
    [TestCase("-tls1_3", "TLSv1.3")]
    public async Task OpenSSL_speaks_each_version_and_is_denied_early_data(string version, string spoken)
    {
        string output = await OpenSslAsync($"{version} -ign_eof", @"printf 'GET /plain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'");
        Assert.That(output, Does.Contain("Hello, World!").And.Contain($"New, {spoken}").And.Contain("Compression: NONE"));
        Assert.That(output, Does.Not.Contain("Early data was accepted").And.Not.Match("Max Early Data: [1-9]"));
    }

    [Test]
    public async Task OpenSSL_comes_again_five_times_with_the_session_it_has()
    {
        string output = await OpenSslAsync("-tls1_2 -reconnect", "sleep 0.2");
        Assert.That(output.Split("Reused, TLSv1.2").Length - 1, Is.EqualTo(5), output);
    }

    [Test]
    public async Task OpenSSL_may_not_renegotiate()
    {
        string output = await OpenSslAsync("-tls1_2", "sleep 0.3; echo R; sleep 0.3; echo Q");
        Assert.That(output, Does.Contain("Secure Renegotiation IS supported").And.Contain("RENEGOTIATING"));
        Assert.That(output.Split("Cipher is ECDHE"), Has.Length.EqualTo(2), "one handshake");
    }

    /// <summary>What a scanner would try. An offer that is refused leaves the client without a cipher.</summary>
    [TestCase("-tls1 -cipher DEFAULT:@SECLEVEL=0", false)]
    [TestCase("-tls1_1 -cipher DEFAULT:@SECLEVEL=0", false)]
    [TestCase("-tls1_2", true)]
    [TestCase("-tls1_3", true)]
    [TestCase("-tls1_2 -cipher NULL:@SECLEVEL=0", false)]
    [TestCase("-tls1_2 -cipher aNULL:@SECLEVEL=0", false)]
    [TestCase("-tls1_2 -cipher DES-CBC3-SHA:ECDHE-ECDSA-DES-CBC3-SHA:AES128-SHA:@SECLEVEL=0", false)]
    [TestCase("-tls1_2 -cipher kRSA:@SECLEVEL=0", false)]
    [TestCase("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", true)]
    [TestCase("-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", true)]
    [TestCase("-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256", true)]
    [TestCase("-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384", true)]
    [TestCase("-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256", true)]
    public async Task A_probe_finds_only_what_is_safe(string offer, bool isTaken)
    {
        string output = await OpenSslAsync(offer, "true");
        bool wasTaken = output.Contains("Cipher is TLS_", StringComparison.Ordinal) || output.Contains("Cipher is ECDHE", StringComparison.Ordinal);
        Assert.That(wasTaken, Is.EqualTo(isTaken), output);
    }

    [Test]
    public async Task HttpClient_keeps_one_connection_and_streams_both_ways()
    {
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = AnyCertificate } };
        using var client = new HttpClient(handler);
        byte[] sent = RandomNumberGenerator.GetBytes(3_000_000);
        for (int i = 0; i < 3; i++)
        {
            using var content = new ByteArrayContent(sent);
            using HttpResponseMessage response = await client.PostAsync(new Uri($"https://{Authority}/echo"), content, Cancellation);
            Assert.That((await response.Content.ReadAsByteArrayAsync(Cancellation)).AsSpan().SequenceEqual(sent), Is.True);
        }
    }

    [Test]
    public async Task Our_own_client_gets_every_size_back([Values(0, 1, 126, 16_384, 16_385, 1 << 20)] int size)
    {
        var options = new WebSocketClientOptions { Tls = new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = AnyCertificate } };
        await using var client = new WebSocketClient(new Uri($"wss://{Authority}/"), options);
        await client.ConnectAsync(Cancellation);
        byte[] sent = RandomNumberGenerator.GetBytes(size);
        await client.SendBinaryAsync(sent, cancellationToken: Cancellation);
        await foreach (ReceivedMessage message in client.ReadAllAsync(Cancellation))
        {
            Assert.That(message.Data.Span.SequenceEqual(sent), Is.True);
            break;
        }

        await client.CloseAsync();
    }

    [Test]
    public async Task ClientWebSocket_gets_every_size_back([Values(0, 1, 126, 16_384, 16_385, 1 << 20, 16 << 20)] int size)
    {
        using var socket = new ClientWebSocket { Options = { RemoteCertificateValidationCallback = AnyCertificate } };
        await socket.ConnectAsync(new Uri($"wss://{Authority}/"), Cancellation);
        byte[] sent = RandomNumberGenerator.GetBytes(size);
        Task sending = socket.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, Cancellation);
        var received = new MemoryStream();
        byte[] buffer = new byte[65_536];
        ValueWebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
            received.Write(buffer, 0, result.Count);
        }
        while (!result.EndOfMessage);
        await sending;
        Assert.That(received.ToArray().AsSpan().SequenceEqual(sent), Is.True);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Cancellation);
        Assert.That(socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.NormalClosure));
    }

    private static bool AnyCertificate(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors) => true;

    /// <summary>Debian's client, which reads what the shell command prints.</summary>
    private async Task<string> OpenSslAsync(string arguments, string input)
    {
        (_, string output, string error) = await ChildProcess.RunAsync(
            "bash", ["-c", $"({input}) | timeout 20 openssl s_client {arguments} -connect {Authority} -servername localhost 2>&1; true"], Limit);
        return output + error;
    }
}
