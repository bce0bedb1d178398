namespace Engine.Interop.Tests;

/// <summary>Each test runs against the server under test over both transports.</summary>
[TestFixture("sockets")]
[TestFixture("epoll")]
[CancelAfter(120_000)]
public abstract class BothTransports(string transport)
{
    private ServerProgram? _server;

    internal ServerProgram Server => _server!;

    protected string Transport { get; } = transport;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await ServerProgram.StartTestServerAsync(Transport, "--deflate");

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            Assert.That(_server.Process.Error, Is.Empty, "what the server said on standard error");
        }
    }
}
