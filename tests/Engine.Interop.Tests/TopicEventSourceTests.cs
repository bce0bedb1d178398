using System.Globalization;
using System.Text.Json;
using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;
using Engine.TestKit;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>Chromium's EventSource on topics, over a network that breaks.</summary>
public sealed class TopicEventSourceTests(TransportKind transport) : InBrowser(transport)
{
    private const int DropCount = 50;
    private const int MessageCount = 20_000;

    private static readonly string[] Topics = ["s.a", "s.b", "s.c"];

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Fifty_drops_lose_nothing_of_three_topics_and_repeat_nothing()
    {
        using TopicHub hub = await StartHubAsync(maxMessages: MessageCount, reconnection: TimeSpan.FromMilliseconds(5));
        await using var proxy = new FaultProxy(EndPoint);
        IPage page = await ListenAsync(proxy);
        // A share of the messages for each connection, and two more on their way: they flow while the page comes back.
        const int Share = MessageCount / (DropCount + 2);
        using var allowed = new SemaphoreSlim(2 * Share);
        Task publishing = PublishAsync(hub, allowed);
        for (int drop = 0; drop < DropCount; drop++)
        {
            // Each connection has brought something before it breaks.
            await page.WaitForFunctionAsync("drop => window.opened > drop && window.fresh > 0", drop);
            proxy.ResetAll();
            allowed.Release(Share);
        }

        allowed.Release(MessageCount);
        await publishing;
        await page.WaitForFunctionAsync("count => window.count >= count", MessageCount);
        Dictionary<string, int[]> seen = JsonSerializer.Deserialize<Dictionary<string, int[]>>(await page.EvaluateAsync<string>("JSON.stringify(window.seen)"))!;
        foreach (string topic in Topics)
        {
            Assert.That(seen[topic], Is.EqualTo(Enumerable.Range(0, (MessageCount + 2 - Array.IndexOf(Topics, topic)) / 3)), topic);
        }

        Assert.That(await page.EvaluateAsync<int>("window.opened"), Is.EqualTo(DropCount + 1));
        Assert.That(await page.EvaluateAsync<int>("window.gaps.length"), Is.Zero);
        await page.CloseAsync();
    }

    [Test]
    public async Task The_page_is_told_of_a_history_that_has_rolled_over()
    {
        using TopicHub hub = await StartHubAsync(maxMessages: 10, reconnection: TimeSpan.FromMilliseconds(500));
        await using var proxy = new FaultProxy(EndPoint);
        IPage page = await ListenAsync(proxy);
        hub.Publish("s.a", "s.a 0");
        await page.WaitForFunctionAsync("() => window.count === 1");
        proxy.ResetAll();
        for (int i = 1; i <= 50; i++)
        {
            // While the page waits to come back.
            hub.Publish("s.a", $"s.a {i}");
        }

        await page.WaitForFunctionAsync("() => window.count === 11");
        using var gap = JsonDocument.Parse(await page.EvaluateAsync<string>("window.gaps.join()"));
        Assert.That(gap.RootElement.GetProperty("topic").GetString(), Is.EqualTo("s.a"));
        Assert.That(gap.RootElement.GetProperty("missed").GetInt32(), Is.EqualTo(40));
        int[] seen = JsonSerializer.Deserialize<int[]>(await page.EvaluateAsync<string>("JSON.stringify(window.seen['s.a'])"))!;
        Assert.That(seen, Is.EqualTo((int[])[0, .. Enumerable.Range(41, 10)]));
        await page.CloseAsync();
    }

    private static async Task PublishAsync(TopicHub hub, SemaphoreSlim allowed)
    {
        for (int i = 0; i < MessageCount; i++)
        {
            await allowed.WaitAsync(Cancellation);
            hub.Publish(Topics[i % 3], string.Create(CultureInfo.InvariantCulture, $"{Topics[i % 3]} {i / 3}"));
        }
    }

    private async Task<TopicHub> StartHubAsync(int maxMessages, TimeSpan reconnection)
    {
        var hub = new TopicHub(new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = maxMessages, MaxBytes = 64 << 20 } });
        await StartAsync(server => server.MapGet("/", PageAsync).MapSseTopics("/topics", hub, new SseTopicOptions { Stream = new SseOptions { ReconnectionInterval = reconnection } }));
        return hub;
    }

    /// <summary>A page of the server's own origin, with nothing on it.</summary>
    private static ValueTask PageAsync(HttpContext context)
    {
        context.Response.ContentType = "text/html";
        context.Response.Headers.Set("Connection", "close");
        return context.Response.WriteAsync("<!doctype html><link rel=icon href=data:,>");
    }

    private async Task<IPage> ListenAsync(FaultProxy proxy)
    {
        IPage page = await Browser.NewPageAsync();
        await page.GotoAsync(string.Create(CultureInfo.InvariantCulture, $"http://{proxy.EndPoint}/"));
        await page.EvaluateAsync(
            """
            topics => new Promise(resolve => {
              Object.assign(window, { seen: {}, count: 0, fresh: 0, opened: 0, gaps: [] });
              const source = new EventSource(`/topics?${topics.map(topic => `topic=${topic}`).join('&')}`);
              source.onopen = () => { window.opened++; window.fresh = 0; resolve(); };
              source.onmessage = event => {
                const [topic, number] = event.data.split(' ');
                (window.seen[topic] ??= []).push(Number(number));
                window.count++;
                window.fresh++;
              };
              source.addEventListener('gap', event => window.gaps.push(event.data));
            })
            """,
            Topics);
        return page;
    }
}
