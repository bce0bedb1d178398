using System.Net;
using System.Net.Http.Json;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>The orders' pages in Chromium: state and changes without a hole between them, an admin beside, jobs, and notifications to every device.</summary>
[CancelAfter(120_000)]
public sealed class OrdersTests
{
    private ServerProgram? _orders;
    private Chromium? _browser;
    private IBrowserContext _user = null!;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _orders = await ServerProgram.StartOrdersAsync();
        _browser = await Chromium.LaunchAsync();
    }

    /// <summary>A browser opens six connections to a server, and each page has streams: no test leaves any to the next.</summary>
    [SetUp]
    public async Task NewUserAsync() => _user = await _browser!.NewContextAsync();

    [TearDown]
    public Task LeaveAsync() => _user.CloseAsync();

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        if (_orders is not null)
        {
            await _orders.StopAsync();
        }
    }

    [Test]
    public async Task Changes_of_the_admin_reach_every_page_by_either_wire_and_every_device_of_the_owner()
    {
        await using IBrowserContext phone = await _browser!.NewContextAsync();
        IPage byWs = await OpenAsync(_user, "/orders/1?by=ws"), bySse = await OpenAsync(_user, "/orders/1?by=sse"), device = await OpenAsync(phone, "/orders/3?by=ws");
        IPage admin = await _user.NewPageAsync();
        await admin.GotoAsync($"{_orders!.Http}/admin.html");
        foreach (string status in new[] { "packed", "sent", "delivered" })
        {
            await admin.ClickAsync("#next-1");
            foreach (IPage page in new[] { byWs, bySse })
            {
                await page.WaitForFunctionAsync("status => document.getElementById('status').textContent === status", status);
            }
        }

        Assert.That(await byWs.EvaluateAsync<int[]>("versions"), Is.EqualTo((int[])[1, 2, 3, 4]));
        Assert.That(await bySse.EvaluateAsync<int[]>("versions"), Is.EqualTo((int[])[1, 2, 3, 4]));
        foreach (IPage page in new[] { byWs, bySse, device })
        {
            await page.WaitForFunctionAsync("document.querySelectorAll('#notes li').length === 3");
        }

        Assert.That(await device.EvaluateAsync<int[]>("versions"), Is.EqualTo((int[])[1]), "another order");
    }

    [Test]
    public async Task A_change_between_the_page_and_its_stream_is_not_missed([Values("ws", "sse")] string wire)
    {
        using var http = new HttpClient();
        IPage page = await _user.NewPageAsync();

        // The script is held back until the order has changed: the page shows the older state, and hears of the change.
        await page.RouteAsync("**/order.js", async route =>
        {
            using HttpResponseMessage answer = await http.PostAsJsonAsync($"{_orders!.Http}/api/orders/2/status", new { status = $"changed {wire}" }, Cancellation);
            answer.EnsureSuccessStatusCode();
            await route.ContinueAsync();
        });
        await page.GotoAsync($"{_orders!.Http}/orders/2?by={wire}");
        await page.WaitForFunctionAsync("wire => document.getElementById('status').textContent === `changed ${wire}`", wire);
        Assert.That(await page.EvaluateAsync<int[]>("versions"), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task A_job_shows_its_progress_to_the_end()
    {
        IPage page = await OpenAsync(_user, "/orders/1?by=ws");
        await page.ClickAsync("#print");
        await page.WaitForFunctionAsync("document.getElementById('percent').textContent === '100 %'");
    }

    [Test]
    public async Task Orders_that_do_not_exist_are_404_and_changes_of_nothing_400()
    {
        using var http = new HttpClient();
        Assert.That((await http.GetAsync($"{_orders!.Http}/orders/99", Cancellation)).StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That((await http.PostAsJsonAsync($"{_orders.Http}/api/orders/99/status", new { status = "sent" }, Cancellation)).StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That((await http.PostAsJsonAsync($"{_orders.Http}/api/orders/1/status", new { status = "" }, Cancellation)).StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await http.GetAsync($"{_orders.Http}/api/notifications", Cancellation)).StatusCode, Is.EqualTo(HttpStatusCode.BadRequest), "nobody is signed in");
    }

    private async Task<IPage> OpenAsync(IBrowserContext user, string path)
    {
        IPage page = await user.NewPageAsync();
        await page.GotoAsync($"{_orders!.Http}{path}");
        await page.WaitForFunctionAsync("document.getElementById('wire').textContent.startsWith('live')");
        return page;
    }
}
