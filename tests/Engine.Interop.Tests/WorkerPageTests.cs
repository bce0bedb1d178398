using System.Net;
using Engine.TestKit;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>The page on which the worker sample draws its own figures, in Chromium.</summary>
[Category("Interop")]
[CancelAfter(120_000)]
public sealed class WorkerPageTests
{
    [Test]
    public async Task The_page_draws_what_the_worker_does()
    {
        string program = Path.Combine(Repository.Root, "samples", "Worker", "bin", Repository.Configuration, "net10.0", "Worker.dll");
        await using ChildProcess worker = ChildProcess.Start(
            "dotnet", [program], environment: new Dictionary<string, string?> { ["Engine__Servers__public__Listen__0"] = "127.0.0.1:0", ["Engine__Servers__admin__Listen__0"] = "127.0.0.1:0" });
        IPEndPoint open = await ReadyAsync(worker, "public"), admin = await ReadyAsync(worker, "admin");
        await using Chromium browser = await Chromium.LaunchAsync();
        await using IBrowserContext user = await browser.NewContextAsync();
        IPage page = await user.NewPageAsync();
        await page.GotoAsync($"http://{admin}/");
        await page.WaitForFunctionAsync("document.getElementById('state').textContent === 'live'");

        // Its own polling is one request a second: more than that are these.
        using var http = new HttpClient();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.CurrentContext.CancellationToken);
        Task asking = AskAsync(http, new Uri($"http://{open}/hello/you"), stop.Token);
        await page.WaitForFunctionAsync("parseFloat(document.querySelector('[data-name=\"requests a second\"] output').textContent.replaceAll(',', '')) > 5");
        await page.WaitForFunctionAsync("document.querySelector('[data-name=\"requests a second\"] polyline').getAttribute('points').split(' ').length >= 2");
        Assert.That(await page.EvaluateAsync<bool>("[...document.querySelectorAll('output')].every(one => /^[0-9]/.test(one.textContent))"), "each plot has a figure");
        await stop.CancelAsync();
        await asking;
        await worker.SignalAsync("TERM");
        Assert.That(await worker.WaitForExitAsync(TimeSpan.FromSeconds(30)), Is.Zero);
    }

    private static async Task AskAsync(HttpClient http, Uri address, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await http.GetStringAsync(address, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Enough.
        }
    }

    private static async Task<IPEndPoint> ReadyAsync(ChildProcess worker, string name)
    {
        string ready = $"{name} listening on http://";
        string line = await worker.WaitForLineAsync(text => text.StartsWith(ready, StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        return IPEndPoint.Parse(line[ready.Length..]);
    }
}
