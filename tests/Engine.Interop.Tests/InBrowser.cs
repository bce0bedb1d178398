namespace Engine.Interop.Tests;

/// <summary>Servers in this process, and one browser for all tests of the class.</summary>
public abstract class InBrowser(TransportKind transport) : InProcess(transport)
{
    private Chromium? _browser;

    private protected Chromium Browser => _browser!;

    [OneTimeSetUp]
    public async Task LaunchAsync() => _browser = await Chromium.LaunchAsync();

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
    }
}
