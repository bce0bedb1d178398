using Engine.TestKit;
using Microsoft.Extensions.Logging;

namespace Engine.Tests;

/// <summary>Whatever code of the host throws is told, counted and logged, and harms at most the connection that it was called for.</summary>
public sealed class HostCallbacksTests(TransportKind transport) : BothTransports(transport)
{
    [Test]
    public async Task Failures_of_posted_work_visits_and_async_void_methods_reach_the_host_and_others_go_on()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next);
        var told = new System.Collections.Concurrent.ConcurrentQueue<(Connection? Connection, string Message)>();
        server.Engine.HandlerFailed += static (_, _) => throw new InvalidOperationException("a subscriber's own bug");
        server.Engine.HandlerFailed += (connection, exception) => told.Enqueue((connection, exception.Message));
        await using RawClient first = await server.ConnectAsync();
        Connection connection = await source.Take(CancellationToken.None).Started;
        await using RawClient second = await server.ConnectAsync();
        Connection other = await source.Take(CancellationToken.None).Started;

        server.Engine.Post(connection.Id, static _ => throw new InvalidOperationException("posted by id"));
        server.Engine.ForEachConnection(static _ => throw new InvalidOperationException("a visit"));
        Assert.That(() => told.Count, Is.EqualTo(3).After(10_000, 10));
        Assert.That(told.Select(static one => one.Message), Is.EquivalentTo((string[])["posted by id", "a visit", "a visit"]));
        Assert.That(connection.IsOpen && other.IsOpen, Is.True, "what somebody else's work does is not the connection's fault");

        // This is how an async void method throws.
        connection.Post(static _ => SynchronizationContext.Current!.Post(static _ => throw new InvalidOperationException("async void"), null), null);
        Assert.That(() => told.Count, Is.EqualTo(4).After(10_000, 10));
        Assert.That(told.Last().Message, Is.EqualTo("async void"));

        connection.Post(static _ => throw new InvalidOperationException("its own work"), null);
        await first.ReadToEndAsync();
        Assert.That(told.Last(), Is.EqualTo(((Connection?)connection, "its own work")));
        Assert.That(connection.CloseReason, Is.EqualTo(CloseReason.HandlerFailed));

        await second.SendAsync("x");
        Assert.That(await second.ReadExactlyAsync(1), Is.EqualTo("x"u8.ToArray()));
        Assert.That(server.Engine.Metrics.Faults, Is.EqualTo(10), "five failures, and each time the subscriber's");
    }

    [Test]
    public async Task A_logger_that_throws_harms_nothing()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.LoggerFactory = new ThrowingLoggers());
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        Assert.That(await client.ReadExactlyAsync(1), Is.EqualTo("x"u8.ToArray()));
        server.Engine.ForEachConnection(static _ => throw new InvalidOperationException("logged"));
        Assert.That(() => server.Engine.Metrics.Faults, Is.EqualTo(1).After(10_000, 10));
    }

    [Test]
    public async Task A_peer_that_is_ended_for_reading_slowly_is_told_of_and_counted()
    {
        var source = new ProbeProtocol.Source(static () => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.Backpressure = BackpressurePolicy.Disconnect);
        var slow = new TaskCompletionSource<Connection>(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Engine.SlowConsumer += connection => slow.TrySetResult(connection);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        Connection connection = await source.Take(CancellationToken.None).Started;
        byte[] message = new byte[16_384];
        await OnLoopAsync(connection, () =>
        {
            while (connection.TrySend(message) is SendStatus.Sent or SendStatus.Queued)
            {
            }

            return 0;
        });
        Assert.That(await slow.Task.WaitAsync(TestContext.CurrentContext.CancellationToken), Is.SameAs(connection));
        Assert.That(server.Engine.Metrics.SlowConsumers, Is.EqualTo(1));
        Assert.That(connection.CloseReason, Is.EqualTo(CloseReason.SlowConsumer));
    }

    private sealed class ThrowingLoggers : ILoggerFactory, ILogger
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => throw new InvalidOperationException("a scope");

        public bool IsEnabled(LogLevel logLevel) => throw new InvalidOperationException("a level");

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => throw new InvalidOperationException("a line");

        public void Dispose()
        {
        }
    }
}
