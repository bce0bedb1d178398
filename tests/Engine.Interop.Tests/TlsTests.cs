using Engine.TestKit;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>https and wss with curl, npm ws and Chromium.</summary>
[TestFixture("sockets")]
[TestFixture("epoll")]
[CancelAfter(120_000)]
public sealed class TlsTests(string transport)
{
    private ServerProgram? _server;

    private string Authority => _server!.EndPoint.ToString();

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await ServerProgram.StartTestServerAsync(transport, "--tls");

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
}
