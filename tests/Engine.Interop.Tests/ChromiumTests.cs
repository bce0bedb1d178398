using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>A browser's own WebSocket and EventSource, on the demo's page.</summary>
[TestFixture("sockets")]
[TestFixture("epoll")]
[CancelAfter(180_000)]
public sealed class ChromiumTests(string transport)
{
    private ServerProgram? _demo;
    private Chromium? _browser;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _demo = await ServerProgram.StartDemoAsync(transport);
        _browser = await Chromium.LaunchAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        if (_demo is not null)
        {
            await _demo.StopAsync();
        }
    }

    [Test]
    public async Task The_page_shows_echo_ticks_and_counters()
    {
        IPage page = await OpenAsync();
        await page.FillAsync("#echo-input", "typed by a test");
        await page.ClickAsync("#echo-form button");
        await page.GetByText("typed by a test").WaitForAsync();
        await page.WaitForFunctionAsync("document.querySelectorAll('#ticks li').length >= 3 && document.querySelectorAll('#counters dt').length >= 3");
        string folder = Path.Combine(Repository.Root, "artifacts");
        Directory.CreateDirectory(folder);
        string picture = Path.Combine(folder, $"demo-{transport}.png");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = picture });
        Assert.That(new FileInfo(picture).Length, Is.GreaterThan(10_000));
        await page.CloseAsync();
    }

    [Test]
    public async Task EventSource_comes_back_after_each_drop_with_nothing_lost_and_nothing_twice()
    {
        IPage page = await OpenAsync();
        for (int drop = 0; drop < 5; drop++)
        {
            int before = await page.EvaluateAsync<int>("window.tickIds.length");
            await page.EvaluateAsync("fetch('/drop-streams', { method: 'POST' }).then(response => response.text())");
            await page.WaitForFunctionAsync("count => window.tickIds.length > count + 3", before);
        }

        long[] ids = await page.EvaluateAsync<long[]>("window.tickIds");
        Assert.That(ids, Is.EqualTo(Enumerable.Range(0, ids.Length).Select(i => ids[0] + i)));
        await page.CloseAsync();
    }

    [Test]
    public async Task WebSocket_of_the_browser_sends_and_receives_text_and_binary_of_every_size()
    {
        IPage page = await OpenAsync();
        string seen = await page.EvaluateAsync<string>(
            """
            () => new Promise((resolve, reject) => {
              const socket = new WebSocket(`ws://${location.host}/ws`);
              socket.binaryType = 'arraybuffer';
              const sizes = [0, 1, 125, 126, 65535, 65536, 1 << 20];
              const wanted = [];
              socket.onopen = () => {
                for (const size of sizes) {
                  const bytes = new Uint8Array(size).map((_, index) => index * 31);
                  wanted.push(bytes);
                  socket.send(bytes);
                  const text = '\u00e9\u{1f600}'.repeat(size / 8);
                  wanted.push(text);
                  socket.send(text);
                }
              };
              socket.onmessage = ({ data }) => {
                const next = wanted.shift();
                const same = typeof data === 'string'
                  ? data === next
                  : data.byteLength === next.length && new Uint8Array(data).every((value, index) => value === next[index]);
                if (!same) reject(new Error('different'));
                if (wanted.length === 0) socket.close(3000, 'done');
              };
              socket.onclose = ({ code, wasClean }) => resolve(`${code} ${wasClean} ${wanted.length}`);
            })
            """);
        Assert.That(seen, Is.EqualTo("3000 true 0"));
        await page.CloseAsync();
    }

    private async Task<IPage> OpenAsync()
    {
        IPage page = await _browser!.NewPageAsync();
        await page.GotoAsync($"{_demo!.Http}/basics.html");
        await page.WaitForFunctionAsync("document.getElementById('echo-state').textContent === 'open' && document.getElementById('ticks-state').textContent === 'open'");
        return page;
    }
}
