using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using Engine.Sse;
using Engine.TestKit;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>The demo's streams, on their page in Chromium and by hand.</summary>
[CancelAfter(60_000)]
public sealed class StreamsPageTests
{
    private ServerProgram? _demo;
    private FaultProxy? _proxy;
    private Chromium? _browser;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _demo = await ServerProgram.StartDemoAsync("auto");
        _proxy = new FaultProxy(_demo.EndPoint);
        _browser = await Chromium.LaunchAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        if (_demo is not null)
        {
            await _demo.StopAsync();
        }
    }

    [Test]
    public async Task A_long_job_moves_its_bar_to_100_percent_though_the_connection_breaks()
    {
        IPage page = await OpenAsync();
        await page.EvaluateAsync(
            """
            () => {
              window.percents = [];
              new MutationObserver(() => window.percents.push(parseInt(document.getElementById('job-percent').textContent)))
                .observe(document.getElementById('job-percent'), { childList: true });
            }
            """);
        await page.ClickAsync("#job-form button");
        await page.WaitForFunctionAsync("document.getElementById('job-progress').value >= 10");
        _proxy!.ResetAll();
        await page.WaitForFunctionAsync("document.getElementById('job-state').textContent === 'finished'");
        int[] percents = await page.EvaluateAsync<int[]>("window.percents");
        Assert.That(percents, Is.Unique.And.Ordered, "each state once, also across the break");
        Assert.That(percents[^1], Is.EqualTo(100));
        Assert.That(await page.EvaluateAsync<int>("document.getElementById('job-progress').value"), Is.EqualTo(100));
        Assert.That(await page.Locator("#job-percent").TextContentAsync(), Is.EqualTo("100 %"));
        await page.CloseAsync();
    }

    [Test]
    public async Task A_job_is_accepted_watched_and_not_watched_again()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_demo!.Http) };
        using HttpResponseMessage accepted = await http.PostAsync("/jobs", null, Cancellation);
        Assert.That(accepted.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        string id = await accepted.Content.ReadAsStringAsync(Cancellation);
        Assert.That(accepted.Headers.Location, Is.EqualTo(new Uri($"/jobs/{id}", UriKind.Relative)));

        // The client ends only because the server answers 204 to the id of the last event.
        using var client = new SseClient(new Uri($"{_demo.Http}/jobs/{id}"));
        List<SseItem<string>> events = await client.ReadAllAsync(Cancellation).ToListAsync(Cancellation);
        Assert.That(events[..^1].Select(static item => item.EventType), Is.All.EqualTo("progress"));
        Assert.That(events[..^1].Select(static item => int.Parse(item.Data, CultureInfo.InvariantCulture)), Is.Unique.And.Ordered.And.Some.EqualTo(100));
        Assert.That((events[^1].EventType, events[^1].Data, client.ConnectionCount), Is.EqualTo(("done", "finished", 1)));

        // What a client knows already is not told again.
        using var knowing = new SseClient(new Uri($"{_demo.Http}/jobs/{id}"), new SseClientOptions { LastEventId = "100" });
        Assert.That((await knowing.ReadAllAsync(Cancellation).ToListAsync(Cancellation)).Select(static item => item.EventType), Is.EqualTo(new[] { "done" }));
        using HttpResponseMessage unknown = await http.GetAsync("/jobs/unknown", Cancellation);
        Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Tokens_come_one_by_one_and_end_with_done()
    {
        IPage page = await OpenAsync();
        await page.FillAsync("#tokens-prompt", "Où? & why+not");
        await page.ClickAsync("#tokens-form button");
        await page.WaitForFunctionAsync("document.getElementById('tokens').childNodes.length >= 5 && document.getElementById('tokens-state').textContent === 'thinking'");
        await page.WaitForFunctionAsync("/^[0-9]+ tokens$/.test(document.getElementById('tokens-state').textContent)");
        string text = await page.EvaluateAsync<string>("document.getElementById('tokens').textContent");
        int pieces = await page.EvaluateAsync<int>("document.getElementById('tokens').childNodes.length");
        Assert.That(text, Does.StartWith("“Où? & why+not”\n\nA stream of events").And.EndWith("cost nothing."));
        Assert.That(await page.Locator("#tokens-state").TextContentAsync(), Is.EqualTo($"{pieces} tokens"));
        await _demo!.Process.WaitForLineAsync(line => line == $"tokens: all {pieces}", TimeSpan.FromSeconds(5));
        await page.CloseAsync();
    }

    [Test]
    public async Task Tokens_stop_when_the_page_closes_its_stream_or_the_network_goes([Values] bool isReset)
    {
        static bool IsStop(string line) => line.StartsWith("tokens: stopped after ", StringComparison.Ordinal);
        int stopsBefore = _demo!.Process.Output.Split('\n').Count(IsStop);
        IPage page = await OpenAsync();
        await page.ClickAsync("#tokens-form button");
        await page.WaitForFunctionAsync("document.getElementById('tokens').textContent.length > 5");
        if (isReset)
        {
            _proxy!.ResetAll();
        }
        else
        {
            await page.ClickAsync("#tokens-stop");
        }

        int stops = 0;
        string stop = await _demo.Process.WaitForLineAsync(line => IsStop(line) && ++stops > stopsBefore, TimeSpan.FromSeconds(5));
        Assert.That(int.Parse(stop.Split(' ')[^1], CultureInfo.InvariantCulture), Is.LessThan(60), "of some seventy");
        await page.CloseAsync();
    }

    [Test]
    public async Task Counter_and_temperature_move_on_the_page()
    {
        IPage page = await OpenAsync();
        await page.WaitForFunctionAsync("document.getElementById('counter').textContent >= 3");
        await page.WaitForFunctionAsync(@"/^[0-9]+\.[0-9] °F$/.test(document.getElementById('fahrenheit').textContent)");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts")).FullName, "streams.png") });
        await page.CloseAsync();
    }

    [Test]
    public async Task The_counter_goes_on_behind_the_last_id()
    {
        List<SseItem<string>> numbers = await TakeAsync("/counter", "41", 3);
        Assert.That(numbers.Select(static item => (item.EventId, item.Data)), Is.EqualTo(new[] { ("42", "42"), ("43", "43"), ("44", "44") }));
    }

    [Test]
    public async Task The_proxy_takes_the_last_id_upstream_and_sends_fahrenheit_with_the_same_ids()
    {
        List<SseItem<string>> celsius = await TakeAsync("/celsius", "1000", 3);
        List<SseItem<string>> fahrenheit = await TakeAsync("/fahrenheit", "1000", 3);
        Assert.That(celsius.Select(static item => item.EventId), Is.EqualTo(new[] { "1001", "1002", "1003" }));
        Assert.That(fahrenheit.Select(static item => (item.EventId, item.EventType)), Is.EqualTo(celsius.Select(static item => (item.EventId, "fahrenheit"))));
        Assert.That(
            fahrenheit.Select(static item => double.Parse(item.Data, CultureInfo.InvariantCulture)),
            Is.EqualTo(celsius.Select(static item => (double.Parse(item.Data, CultureInfo.InvariantCulture) * 9 / 5) + 32)).Within(0.051));
    }

    private async Task<List<SseItem<string>>> TakeAsync(string path, string lastEventId, int count)
    {
        using var client = new SseClient(new Uri($"{_demo!.Http}{path}"), new SseClientOptions { LastEventId = lastEventId });
        return await client.ReadAllAsync(Cancellation).Take(count).ToListAsync(Cancellation);
    }

    private async Task<IPage> OpenAsync()
    {
        IPage page = await _browser!.NewPageAsync();
        await page.GotoAsync($"http://{_proxy!.EndPoint}/basics.html");
        await page.ClickAsync("a[href='streams.html']");
        await page.WaitForFunctionAsync("document.getElementById('counter')?.textContent > 0");
        return page;
    }
}
