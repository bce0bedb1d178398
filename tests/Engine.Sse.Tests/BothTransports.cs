using System.Net;
using System.Net.Sockets;
using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>Each test runs over real sockets, on both transports.</summary>
[TestFixture(TransportKind.Sockets)]
[TestFixture(TransportKind.Epoll)]
[CancelAfter(60_000)]
[NonParallelizable]
public abstract class BothTransports(TransportKind transport)
{
    private readonly List<Exception> _errors = [];
    private HttpServer? _server;

    protected HttpServer Server => _server!;

    protected Uri Address(string path) => new($"http://{Server.EndPoint}{path}");

    protected async Task StartAsync(Action<HttpServer> map, HandlerScheduling scheduling = HandlerScheduling.EventLoop, int? maxOutboundBytes = null)
    {
        _errors.Clear();
        var options = new HttpServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Transport = transport,
            LoopCount = 2,
            HandlerScheduling = scheduling,
            OnError = (exception, _) =>
            {
                lock (_errors)
                {
                    _errors.Add(exception);
                }
            },
        };
        if (maxOutboundBytes is { } bytes)
        {
            options.Server.Connections.MaxOutboundBytes = bytes;
        }

        _server = new HttpServer(options);
        map(_server);
        await _server.StartAsync();
    }

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

    /// <summary>Waits for what only the server can make true; <paramref name="describe"/> says how things stood when that took too long.</summary>
    protected static async Task UntilAsync(Func<bool> isTrue, CancellationToken cancellationToken, Func<string>? describe = null)
    {
        while (!isTrue())
        {
            try
            {
                await Task.Delay(5, cancellationToken);
            }
            catch (OperationCanceledException) when (describe is not null)
            {
                Assert.Fail($"Still not so at the end of the test's time: {describe()}.");
            }
        }
    }

    protected async Task<Socket> ConnectAsync(string request, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Server.EndPoint, cancellationToken);
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(request), cancellationToken);
        return socket;
    }
}
