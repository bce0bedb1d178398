using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>The npm package in Chromium: the tabs of one user share one connection, whoever of them is closed.</summary>
[CancelAfter(240_000)]
public sealed class TopicTabsTests
{
    private const string Html = """
        <!doctype html>
        <title>tab</title>
        <script type="module">
          import { TopicClient } from './client/index.js';
          window.topic = new URLSearchParams(location.search).get('topic');
          window.seen = [];
          window.gaps = 0;
          window.client = new TopicClient('/topics', { name: topic, minWait: 100 });
          client.on('gap', () => gaps++);
          client.subscribe(topic, { onSubscribed() { window.isReady = true; } }, (message) => seen.push(message.data));
        </script>
        """;

    private const string KeptHtml = """
        <!doctype html>
        <title>kept</title>
        <script type="module">
          import { TopicClient } from './client/core.js';
          import { openStorage } from './client/indexeddb.js';
          const query = new URLSearchParams(location.search);
          window.topic = query.get('topic');
          window.seen = [];
          window.client = new TopicClient(query.get('url'), { name: topic, storage: await openStorage(), transport: 'websocket', minWait: 100 });
          if (query.get('url') === 'topics') client.subscribe(topic, { last: 100 }, ({ data }) => seen.push(data.i));
          window.keptCount = async () => {
            const storage = await openStorage();
            return Array.from({ length: storage.length }, (_, index) => JSON.parse(storage.getItem(storage.key(index))).length).reduce((sum, count) => sum + count, 0);
          };
          window.isReady = true;
        </script>
        """;

    private readonly ConcurrentBag<(IPage Tab, IWebSocket Socket)> _sockets = [];
    private ServerProgram? _server;
    private Chromium? _browser;
    private IBrowserContext _context = null!;

    /// <summary>The tabs that have a connection now.</summary>
    private IPage[] Connected => [.. _sockets.Where(static one => !one.Tab.IsClosed && !one.Socket.IsClosed).Select(static one => one.Tab)];

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _server = await ServerProgram.StartTestServerAsync("auto");
        _browser = await Chromium.LaunchAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.StopAsync();
        }
    }

    [SetUp]
    public async Task NewUserAsync()
    {
        _sockets.Clear();
        _context = await _browser!.NewContextAsync();
        await _context.RouteAsync("**/tab.html*", static route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = Html }));
        await _context.RouteAsync("**/client/*.js", static route => route.FulfillAsync(new RouteFulfillOptions
        {
            ContentType = "text/javascript",
            Path = Path.Combine(Repository.Root, "clients", "js", "src", Path.GetFileName(new Uri(route.Request.Url).AbsolutePath)),
        }));
    }

    [TearDown]
    public Task LeaveAsync() => _context.CloseAsync();

    [Test]
    public async Task Twenty_tabs_hold_one_connection_and_each_hears_each_message_once()
    {
        IPage[] tabs = await OpenAsync(20);
        Assert.That((_sockets.Count, Connected.Length), Is.EqualTo((1, 1)));
        for (int i = 0; i < 100; i++)
        {
            await tabs[i % 20].EvaluateAsync("i => client.publish(topic, i).then(() => true)", i);
        }

        foreach (IPage tab in tabs)
        {
            await SeesAsync(tab, 100);
        }

        Assert.That((_sockets.Count, Connected.Length), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task Outbox_in_IndexedDB_outlives_the_page_and_comes_once_and_in_order()
    {
        await _context.RouteAsync("**/kept.html*", static route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = KeptHtml }));
        string topic = $"kept-{Guid.NewGuid():N}";
        IPage page = await _context.NewPageAsync();
        await page.GotoAsync($"{_server!.Http}/kept.html?topic={topic}&url=nowhere");
        await page.WaitForFunctionAsync("window.isReady");

        // More than localStorage holds, while there is no server that speaks topics. The page goes when the last of it is written.
        await page.EvaluateAsync("() => { for (let i = 0; i < 12; i++) client.publish(topic, { i, filler: 'x'.repeat(500_000) }).catch(() => {}); }");
        await page.WaitForFunctionAsync("keptCount().then(count => count === 12)");
        await page.CloseAsync();
        page = await _context.NewPageAsync();
        await page.GotoAsync($"{_server!.Http}/kept.html?topic={topic}&url=topics");
        await page.WaitForFunctionAsync("window.seen?.length >= 12 && client.pending === 0");
        Assert.That(await page.EvaluateAsync<int[]>("seen"), Is.EqualTo(Enumerable.Range(0, 12)));
        await page.WaitForFunctionAsync("keptCount().then(count => count === 0)");
    }

    [Test]
    public async Task Another_tab_takes_over_within_two_seconds_without_a_lost_message()
    {
        IPage[] tabs = await OpenAsync(20);
        string topic = await tabs[0].EvaluateAsync<string>("topic");
        using var http = new HttpClient();
        int published = 0;
        var closing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task publishing = PublishAsync();

        // The first one leads: it held the lock when the others came. It is closed while messages flow, and so are its successors.
        List<double> takeovers = [];
        for (int leader = 0; leader < 3; leader++)
        {
            IPage[] alive = tabs[(leader + 1)..];
            await tabs[19].WaitForFunctionAsync("count => seen.length > count", 40 * (leader + 1));
            IPage leads = Connected.Single();
            Assert.That(leads, Is.SameAs(tabs[leader]));
            long start = Stopwatch.GetTimestamp();
            await leads.CloseAsync();
            int now = Volatile.Read(ref published);
            await Task.WhenAll(alive.Select(tab => tab.WaitForFunctionAsync("count => seen.length > count + 1", now)));
            takeovers.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            Assert.That((_sockets.Count, Connected.Length), Is.EqualTo((leader + 2, 1)));
        }

        closing.SetResult();
        await publishing;
        foreach (IPage tab in tabs[3..])
        {
            await SeesAsync(tab, published);
        }

        await TestContext.Progress.WriteLineAsync($"takeovers in {string.Join(", ", takeovers.Select(static took => took.ToString("F0", CultureInfo.InvariantCulture)))} ms, {published} messages");
        Assert.That(takeovers, Has.All.LessThan(2_000));

        async Task PublishAsync()
        {
            while (!closing.Task.IsCompleted)
            {
                using var content = new StringContent($"{published}", null, "application/json");
                content.Headers.ContentType = new("application/json");
                using HttpResponseMessage answer = await http.PostAsync($"{_server!.Http}/topics/{topic}", content, Cancellation);
                answer.EnsureSuccessStatusCode();
                Interlocked.Increment(ref published);
                await Task.WhenAny(closing.Task, Task.Delay(10, Cancellation));
            }
        }
    }

    [Test]
    public async Task Messages_that_other_tabs_have_sent_survive_the_leader_that_was_closed_with_them()
    {
        IPage[] tabs = await OpenAsync(3);
        await tabs[1].EvaluateAsync("() => { window.sent = Promise.all(Array.from({ length: 20 }, (_, i) => client.publish(topic, i))); }");
        await tabs[0].CloseAsync();
        await tabs[1].EvaluateAsync("sent.then(() => true)");
        await SeesAsync(tabs[1], 20);
        await SeesAsync(tabs[2], 20);
    }

    [Test]
    public async Task A_leader_that_hangs_is_replaced()
    {
        IPage[] tabs = await OpenAsync(3);
        Task hanging = tabs[0].EvaluateAsync("() => { const end = Date.now() + 10000; while (Date.now() < end); }");
        await tabs[1].BringToFrontAsync();
        await tabs[1].EvaluateAsync("client.publish(topic, 0).then(() => true)");
        Assert.That(hanging.IsCompleted, Is.False, "it was sent by another");
        await SeesAsync(tabs[1], 1);
        await SeesAsync(tabs[2], 1);
        await hanging;
        await SeesAsync(tabs[0], 1);
        await tabs[0].WaitForFunctionAsync("client.status === 'open'");
        Assert.That(Connected, Has.Length.EqualTo(1), "it gave its connection up");
    }

    [Test]
    public async Task A_tab_that_comes_later_goes_on_from_its_own_position_and_the_others_hear_nothing_twice()
    {
        IPage[] tabs = await OpenAsync(2);
        string position = await tabs[0].EvaluateAsync<string>("client.publish(topic, 0).then(ack => ack.position)");
        await tabs[0].EvaluateAsync("Promise.all([1, 2, 3].map(i => client.publish(topic, i))).then(() => true)");
        await tabs[1].EvaluateAsync("after => { window.later = []; client.subscribe(topic, { after }, (message) => later.push(message.data)); }", position);
        await tabs[1].WaitForFunctionAsync("later.length === 3");
        Assert.That(await tabs[1].EvaluateAsync<int[]>("later"), Is.EqualTo((int[])[1, 2, 3]));
        await SeesAsync(tabs[0], 4);
        await SeesAsync(tabs[1], 4);
    }

    private static async Task SeesAsync(IPage tab, int count)
    {
        await tab.WaitForFunctionAsync("count => seen.length >= count", count);
        Assert.That(await tab.EvaluateAsync<int[]>("seen"), Is.EqualTo(Enumerable.Range(0, count)));
        Assert.That(await tab.EvaluateAsync<int>("gaps"), Is.Zero);
    }

    private async Task<IPage[]> OpenAsync(int count)
    {
        string topic = $"s.{Guid.NewGuid():N}";
        var tabs = new IPage[count];
        for (int i = 0; i < count; i++)
        {
            IPage tab = tabs[i] = await _context.NewPageAsync();
            tab.WebSocket += (_, socket) => _sockets.Add((tab, socket));
            await tab.GotoAsync($"{_server!.Http}/tab.html?topic={topic}");
            await tab.WaitForFunctionAsync("window.isReady");
        }

        return tabs;
    }
}
