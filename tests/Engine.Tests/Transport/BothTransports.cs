using System.Net;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>What tests over real sockets have in common.</summary>
[CancelAfter(30_000)]
public abstract class SocketTests(TransportKind transport)
{
    protected TransportKind Transport { get; } = transport;

    /// <summary>What a fixture says of every server, after the test has.</summary>
    protected virtual void Adjust(ServerOptions options)
    {
    }

    /// <summary>A started server on a free port of 127.0.0.1.</summary>
    internal async Task<RunningServer> StartAsync(Func<Connection, ConnectionProtocol> createProtocol, Action<ServerOptions>? configure = null)
    {
        var options = new ServerOptions { Transport = Transport, LoopCount = 2 };
        configure?.Invoke(options);
        if (options.EndPoints.Count == 0)
        {
            options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
        }

        Adjust(options);
        var server = new EngineServer(options, createProtocol);
        await server.StartAsync();
        return new RunningServer(server);
    }

    /// <summary>Runs something on the connection's loop.</summary>
    internal static Task<T> OnLoopAsync<T>(Connection connection, Func<T> run)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Post(_ => done.SetResult(run()), null);
        return done.Task;
    }

    /// <summary>Sends until the peer's buffers, the kernel's and the connection's own are full and stay so. Answers how many messages were accepted.</summary>
    internal static async Task<int> FillAsync(Connection connection, byte[] message)
    {
        int accepted = 0;
        while (connection.IsOpen)
        {
            accepted += await OnLoopAsync(connection, () =>
            {
                int count = 0;
                while (connection.TrySend(message) is SendStatus.Sent or SendStatus.Queued)
                {
                    count++;
                }

                return count;
            });
            using var quiet = new CancellationTokenSource(TimeSpan.FromMilliseconds(150));
            try
            {
                await connection.WhenWritableAsync(quiet.Token);
            }
            catch (OperationCanceledException)
            {
                return accepted;
            }
        }

        return accepted;
    }
}

/// <summary>What every test over real sockets stands on: it runs once for each transport, and each gives the same results, errors and close reasons.</summary>
[TestFixture(TransportKind.Sockets)]
[TestFixture(TransportKind.Epoll)]
public abstract class BothTransports(TransportKind transport) : SocketTests(transport);

/// <summary>Runs once for each transport and each TLS library: the same results, errors and close reasons again.</summary>
[TestFixture(TransportKind.Sockets, TlsBackend.SslStream)]
[TestFixture(TransportKind.Sockets, TlsBackend.OpenSsl)]
[TestFixture(TransportKind.Epoll, TlsBackend.SslStream)]
[TestFixture(TransportKind.Epoll, TlsBackend.OpenSsl)]
public abstract class BothTlsBackends(TransportKind transport, TlsBackend backend) : SocketTests(transport)
{
    protected TlsBackend Backend { get; } = backend;

    protected override void Adjust(ServerOptions options)
    {
        if (options.Tls is { } tls)
        {
            tls.Backend = Backend;
        }
    }
}

/// <summary>A server under test. Leaving it checks that nothing that it rented is still out.</summary>
internal sealed class RunningServer(EngineServer engine) : IAsyncDisposable
{
    public EngineServer Engine { get; } = engine;

    public EndPoint EndPoint => Engine.EndPoints[0];

    public Task<RawClient> ConnectAsync(int? receiveBufferBytes = null) => RawClient.ConnectAsync(EndPoint, TimeSpan.FromSeconds(20), receiveBufferBytes);

    public async ValueTask DisposeAsync()
    {
        await Engine.StopAsync(TimeSpan.FromMilliseconds(200));
        Assert.That(Engine.ConnectionCount, Is.Zero, "connections left after the stop");

        // A handshake of SslStream that was under way may come to its end a moment after its loop, on the thread pool.
        for (int look = 0; look < 500 && Engine.Metrics.RentedSegments != 0; look++)
        {
            await Task.Delay(10);
        }

        Assert.That(Engine.Metrics.RentedSegments, Is.Zero, "segments left after the stop");
        Assert.That(Engine.Metrics.QueuedBytes, Is.Zero, "queued bytes left after the stop");
    }
}
