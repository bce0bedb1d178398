using System.Net;
using Engine.Http1;

namespace Engine.Interop.Tests;

/// <summary>Each test maps a server of its own, in this process, over both transports: for what the test has to steer while a foreign program listens.</summary>
[TestFixture(TransportKind.Sockets)]
[TestFixture(TransportKind.Epoll)]
[CancelAfter(60_000)]
public abstract class InProcess(TransportKind transport)
{
    private readonly List<Exception> _errors = [];
    private HttpServer? _server;

    protected HttpServer Server => _server!;

    protected IPEndPoint EndPoint => (IPEndPoint)Server.EndPoint;

    [TearDown]
    public async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.StopAsync(TimeSpan.FromSeconds(5));
            Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
            await _server.DisposeAsync();
        }

        Assert.That(_errors, Is.Empty);
    }

    protected async Task StartAsync(Action<HttpServer> map)
    {
        _errors.Clear();
        _server = new HttpServer(new HttpServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Transport = transport,
            LoopCount = 2,
            OnError = (exception, _) =>
            {
                lock (_errors)
                {
                    _errors.Add(exception);
                }
            },
        });
        map(_server);
        await _server.StartAsync();
    }
}
