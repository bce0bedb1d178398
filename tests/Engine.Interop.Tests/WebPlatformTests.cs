using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>
/// Chromium's EventSource and WebSocket against a host built on the packages, in the shape of the Web Platform Tests. The cases stand in pages/*.js, each a
/// name and a function.
/// </summary>
[TestFixture(TransportKind.Sockets)]
[TestFixture(TransportKind.Epoll)]
[CancelAfter(60_000)]
public sealed partial class WebPlatformTests(TransportKind transport)
{
    private WebPlatformHost? _host;
    private Chromium? _browser;

    private static IEnumerable<TestCaseData> Cases()
        => from file in new[] { "eventsource.js", "websocket.js" }
           from Match match in CaseName().Matches(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Engine.Interop.Tests", "pages", file)))
           select new TestCaseData(match.Groups[1].Value);

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _host = new WebPlatformHost(transport);
        await _host.StartAsync();
        _browser = await Chromium.LaunchAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        if (_host is not null)
        {
            await _host.DisposeAsync();
            Assert.That(_host.Failures, Is.Empty);
        }
    }

    [TestCaseSource(nameof(Cases))]
    public async Task Browser_finds(string name)
    {
        IPage page = await _browser!.NewPageAsync();
        await page.GotoAsync(_host!.Address);
        string? failure = await page.EvaluateAsync<string?>("name => runCase(name)", name);
        Assert.That(failure, Is.Null, failure);
        await page.CloseAsync();
    }

    [Test]
    public void Cases_are_many() => Assert.That(Cases().Count(), Is.GreaterThan(50));

    [GeneratedRegex(@"^test\('(.+?)',", RegexOptions.Multiline)]
    private static partial Regex CaseName();
}
