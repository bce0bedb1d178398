using System.Net;
using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>Each test maps a server of its own and talks to it over real sockets, on both transports.</summary>
[TestFixture(TransportKind.Sockets)]
[TestFixture(TransportKind.Epoll)]
[CancelAfter(60_000)]
public abstract class OverSockets(TransportKind transport)
{
    private readonly List<Exception> _errors = [];
    private HttpServer? _server;

    protected HttpServer Server => _server!;

    protected Uri Address(string path) => new($"http://{Server.EndPoint}{path}");

    /// <summary>Exceptions that left handlers; a test that wants some takes them away.</summary>
    protected Exception[] TakeErrors()
    {
        lock (_errors)
        {
            Exception[] errors = [.. _errors];
            _errors.Clear();
            return errors;
        }
    }

    protected async Task StartAsync(Action<HttpServer> map, Action<HttpServerOptions>? configure = null)
    {
        TakeErrors();
        var options = new HttpServerOptions
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
        };
        configure?.Invoke(options);
        _server = new HttpServer(options);
        map(_server);
        await _server.StartAsync();
    }

    protected async Task<RawClient> ConnectAsync() => await RawClient.ConnectAsync(Server.EndPoint, TimeSpan.FromSeconds(30));

    /// <summary>One request on a connection of its own.</summary>
    protected async Task<RawHttpResponse> AskAsync(string request)
    {
        await using RawClient client = await ConnectAsync();
        return await client.RequestAsync(request);
    }

    protected Task<RawHttpResponse> GetAsync(string target, string fields = "") => AskAsync($"GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");

    [TearDown]
    public async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.StopAsync(TimeSpan.FromSeconds(5));
            Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
            await _server.DisposeAsync();
            _server = null;
        }

        Assert.That(TakeErrors(), Is.Empty);
    }
}
