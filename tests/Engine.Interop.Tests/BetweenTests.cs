using System.Net.ServerSentEvents;
using System.Threading.Channels;
using Engine.Sse;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>
/// Events arrive as they are sent, through whatever stands between: each is awaited before the server is told to send the next, so that one who held it back would
/// hold up the test for ever.
/// </summary>
[CancelAfter(20_000)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BetweenTests(TransportKind transport) : InProcess(transport)
{
    private const int EventCount = 30;

    private readonly Channel<string> _orders = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _log = Channel.CreateUnbounded<string>();

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public Task ServeAsync() => StartAsync(server => server.MapSse("/events", RunAsync));

    [TestCase("/http11", "1.1")]
    [TestCase("/http10", "1.0")]
    public async Task Nginx_with_its_buffering_passes_each_event_on_at_once(string path, string version)
    {
        await using NginxProgram nginx = await NginxProgram.StartAsync(EndPoint);
        using (var client = new SseClient(new Uri($"{nginx.Http}{path}/events")))
        {
            await using IAsyncEnumerator<SseItem<string>> events = client.ReadAllAsync(Cancellation).GetAsyncEnumerator(Cancellation);
            for (int i = 0; i < EventCount; i++)
            {
                string order = $"event {i}";
                _orders.Writer.TryWrite(order);
                Assert.That(await events.MoveNextAsync(), Is.True);
                Assert.That(events.Current.Data, Is.EqualTo(order));
            }
        }

        Assert.That(await _log.Reader.ReadAsync(Cancellation), Is.EqualTo($"begun by {version}"));
        Assert.That(await _log.Reader.ReadAsync(Cancellation), Is.EqualTo("ended"), "nginx passes on that the client has gone");
    }

    [Test]
    public async Task Curl_prints_each_event_when_it_is_sent([Values("", "/http11", "/http10")] string path)
    {
        await using NginxProgram? nginx = path.Length > 0 ? await NginxProgram.StartAsync(EndPoint) : null;
        await using (ChildProcess curl = ChildProcess.Start("curl", ["-sN", "--max-time", "20", $"{nginx?.Http ?? $"http://{EndPoint}"}{path}/events"]))
        {
            for (int i = 0; i < EventCount; i++)
            {
                string order = $"event {i}";
                _orders.Writer.TryWrite(order);
                await curl.WaitForLineAsync(line => line == $"data: {order}", TimeSpan.FromSeconds(10));
            }

            Assert.That(curl.HasExited, Is.False);
        }

        Assert.That(await _log.Reader.ReadAsync(Cancellation), Does.StartWith("begun"));
        Assert.That(await _log.Reader.ReadAsync(Cancellation), Is.EqualTo("ended"));
    }

    private async Task RunAsync(SseStream stream, CancellationToken cancellationToken)
    {
        _log.Writer.TryWrite($"begun by {stream.Context.Request.Version}");
        try
        {
            await foreach (string order in _orders.Reader.ReadAllAsync(cancellationToken))
            {
                await stream.SendAsync(new SseEvent(order), cancellationToken);
            }
        }
        finally
        {
            _log.Writer.TryWrite("ended");
        }
    }
}
