using System.Text.Json;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>The page of ./build.sh run: the dashboard draws the server's own figures, and each sample is a tab.</summary>
[CancelAfter(180_000)]
public sealed class DashboardTests
{
    private static readonly string[] Tabs = ["dashboard", "chat", "game", "orders", "gateway", "basics", "streams"];

    private ServerProgram? _demo;
    private Chromium? _browser;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _demo = await ServerProgram.StartDemoAsync("auto");
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
    public async Task Dashboard_draws_the_figures_of_the_past_at_once_and_of_now()
    {
        IPage first = await OpenAsync("");
        await first.WaitForFunctionAsync("window.samples?.length >= 2 && document.querySelectorAll('#plots polyline').length === 8");
        JsonElement newest = JsonSerializer.Deserialize<JsonElement>(await first.EvaluateAsync<string>("JSON.stringify(window.samples.at(-1))"));
        Assert.That(newest.GetProperty("connections").GetInt32(), Is.GreaterThan(0));
        Assert.That(newest.GetProperty("resident").GetInt64(), Is.GreaterThan(1 << 20));
        Assert.That(await first.GetAttributeAsync("#plots svg", "aria-label"), Does.StartWith("Connections: connections "));

        // A second one need not wait to have a past.
        IPage second = await OpenAsync("");
        await second.WaitForFunctionAsync("window.samples?.length >= 2");
        await first.CloseAsync();
        await second.CloseAsync();
    }

    [Test]
    public async Task Tabs_are_walked_by_the_keyboard_and_named_by_the_address()
    {
        IPage page = await OpenAsync("#game");
        Assert.That(await page.GetAttributeAsync("#tab-game", "aria-selected"), Is.EqualTo("true"));
        await page.FocusAsync("#tab-game");
        await page.Keyboard.PressAsync("Home");
        foreach (string tab in Tabs)
        {
            Assert.That(await page.EvaluateAsync<string>("document.activeElement.id"), Is.EqualTo($"tab-{tab}"));
            Assert.That(new Uri(page.Url).Fragment, Is.EqualTo($"#{tab}"));
            Assert.That(await page.IsVisibleAsync($"#panel-{tab}"), Is.True);
            Assert.That(await page.Locator("[role=tabpanel]:visible").CountAsync(), Is.EqualTo(1));
            await page.Keyboard.PressAsync("ArrowRight");
        }

        Assert.That(await page.EvaluateAsync<string>("document.activeElement.id"), Is.EqualTo("tab-dashboard"), "around");
        await page.CloseAsync();
    }

    [Test]
    public async Task Each_sample_works_in_its_tab()
    {
        IPage page = await OpenAsync("#chat");
        IFrameLocator chat = page.FrameLocator("#panel-chat iframe");
        await chat.Locator("#name").FillAsync("ann");
        await chat.Locator("#sign-in button").ClickAsync();
        await chat.Locator("#text").FillAsync("hello from a tab");
        await chat.Locator("#send button").ClickAsync();
        await chat.Locator("#messages .text").GetByText("hello from a tab").WaitForAsync();

        await page.ClickAsync("#tab-game");
        await page.FrameLocator("#panel-game iframe").Locator("#status").GetByText("playing").WaitForAsync();

        await page.ClickAsync("#tab-orders");
        await page.FrameLocator("#panel-orders iframe").Locator("a[href='orders/1']").ClickAsync();
        await page.FrameLocator("#panel-orders iframe").Locator("#wire").GetByText("live by WebSocket").WaitForAsync();

        await page.ClickAsync("#tab-gateway");
        await page.FrameLocator("#panel-gateway iframe").Locator("#question").FillAsync("a b c");
        await page.FrameLocator("#panel-gateway iframe").Locator("#ask button").First.ClickAsync();
        await page.FrameLocator("#panel-gateway iframe").Locator("#answer").GetByText("a b c").WaitForAsync();

        await page.ClickAsync("#tab-basics");
        await page.FrameLocator("#panel-basics iframe").Locator("#echo-log").GetByText("hello from the page").First.WaitForAsync();
        await page.ClickAsync("#tab-streams");
        await page.FrameLocator("#panel-streams iframe").Locator("#counter").WaitForAsync();
        await page.CloseAsync();
    }

    private async Task<IPage> OpenAsync(string hash)
    {
        IPage page = await _browser!.NewPageAsync();
        await page.GotoAsync($"{_demo!.Http}/{hash}");
        return page;
    }
}
