using System.Diagnostics.Metrics;
using System.Net;

namespace Engine.Tests;

/// <summary>The life of a server, its options and its metrics.</summary>
public sealed class EngineServerTests
{
    private static IEnumerable<TestCaseData> OutOfRange()
    {
        static TestCaseData Case(string name, Action<ServerOptions> spoil) => new TestCaseData(spoil).SetArgDisplayNames(name);
        yield return Case("LoopCount", static options => options.LoopCount = 65);
        yield return Case("Backlog", static options => options.Backlog = 0);
        yield return Case("MaxConcurrentConnections", static options => options.MaxConcurrentConnections = -1);
        yield return Case("MaxConnectionsPerAddress", static options => options.MaxConnectionsPerAddress = -1);
        yield return Case("MaxAcceptsPerSecond", static options => options.MaxAcceptsPerSecond = -1);
        yield return Case("MaxTotalOutboundBytes", static options => options.MaxTotalOutboundBytes = -1);
        yield return Case("MaxOutboundBytes", static options => options.Connections.MaxOutboundBytes = 10);
        yield return Case("HighWaterBytes", static options => options.Connections.HighWaterBytes = 1 << 20);
        yield return Case("LowWaterBytes", static options => options.Connections.LowWaterBytes = 1 << 20);
        yield return Case("MaxLingerBytes", static options => options.Connections.MaxLingerBytes = -1);
        yield return Case("SlowWriteCount", static options => options.Connections.SlowWriteCount = 0);
        yield return Case("EndPoints", static options => options.EndPoints.Clear());
    }

    [TestCaseSource(nameof(OutOfRange))]
    public void An_option_out_of_its_range_is_refused_when_the_server_is_made(Action<ServerOptions> spoil)
    {
        ServerOptions options = Options();
        spoil(options);
        Assert.That(() => new EngineServer(options, static _ => ProbeProtocol.Echo()), Throws.InstanceOf<ArgumentException>());
    }

    [Test]
    public async Task A_server_starts_once_and_stops_as_often_as_one_likes()
    {
        await using var server = new EngineServer(Options(), static _ => ProbeProtocol.Echo());
        await server.StartAsync();
        Assert.That(() => server.StartAsync(), Throws.InvalidOperationException);
        await Task.WhenAll(server.StopAsync(TimeSpan.FromSeconds(1)), server.StopAsync(TimeSpan.FromSeconds(1)));
        await server.StopAsync(TimeSpan.Zero);
    }

    [Test]
    public async Task A_server_that_was_never_started_stops_at_once()
        => await new EngineServer(Options(), static _ => ProbeProtocol.Echo()).StopAsync(TimeSpan.FromMinutes(1)).WaitAsync(TimeSpan.FromSeconds(5));

    [Test]
    public async Task Several_servers_live_in_one_process_each_with_its_own_port_and_counters()
    {
        EngineServer[] servers = [.. Enumerable.Range(0, 3).Select(_ => new EngineServer(Options(), static _ => ProbeProtocol.Echo()))];
        foreach (EngineServer server in servers)
        {
            await server.StartAsync();
        }

        Assert.That(servers.Select(static server => ((IPEndPoint)server.EndPoints[0]).Port).Distinct().Count(), Is.EqualTo(3));
        await using (RunningServer first = new(servers[0]))
        {
            await using TestKit.RawClient client = await first.ConnectAsync();
            await client.SendAsync("x");
            await client.ReadExactlyAsync(1);
            Assert.That(servers.Select(static server => server.Metrics.BytesReceived), Is.EqualTo((long[])[1, 0, 0]));
        }

        foreach (EngineServer server in servers)
        {
            await server.DisposeAsync();
        }
    }

    [Test]
    public void Every_instrument_of_the_meter_reports()
    {
        var seen = new Dictionary<string, double>();
        var memory = new MemoryServer(new ServerOptions(), static _ => ProbeProtocol.Echo());
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, owner) =>
        {
            if (instrument.Meter.Name == EngineMetrics.MeterName)
            {
                owner.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = seen.GetValueOrDefault(instrument.Name) + value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();
        MemoryPeer peer = memory.Connect();
        peer.Send("hello"u8);
        memory.RunUntilIdle();
        listener.RecordObservableInstruments();
        Assert.That(seen.Keys, Is.SupersetOf((string[])
        [
            "engine.connections", "engine.connections.accepted", "engine.connections.refused", "engine.accept.errors", "engine.bytes.received", "engine.bytes.sent",
            "engine.outbound.queued_bytes", "engine.outbound.rented_segments", "engine.dropped_messages", "engine.slow_consumers", "engine.loop.turns", "engine.loop.lag",
        ]));
        Assert.That(seen["engine.bytes.received"], Is.GreaterThanOrEqualTo(5));
    }

    [Test]
    public async Task A_connection_is_reached_by_its_id_until_it_has_ended()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        var engine = new EngineServer(Options(), source.Next);
        await engine.StartAsync();
        await using RunningServer server = new(engine);
        await using TestKit.RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(CancellationToken.None);
        ConnectionId id = (await probe.Started).Id;
        var reached = new TaskCompletionSource<Connection>(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Post(id, reached.SetResult);
        Assert.That((await reached.Task).Id, Is.EqualTo(id));
        client.CloseSend();
        await probe.Closed;
        bool again = false;
        engine.Post(id, _ => again = true);
        var after = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        reached.Task.Result.Post(_ => after.SetResult(), null);
        await after.Task;
        Assert.That(again, Is.False, "a stale id resolves to nothing");
    }

    [Test]
    public void A_peer_that_drains_slowly_so_many_times_in_a_row_is_announced()
    {
        var options = new ServerOptions();
        options.Connections.SlowWriteThreshold = TimeSpan.FromMilliseconds(100);
        options.Connections.SlowWriteCount = 3;
        Connection? slow = null;
        var memory = new MemoryServer(options, static _ => ProbeProtocol.Echo());
        memory.Engine.SlowConsumer += connection => slow = connection;
        MemoryPeer peer = memory.Connect();
        for (int i = 0; i < 3; i++)
        {
            Assert.That(slow, Is.Null);
            peer.RoomBytes = 0;
            peer.Send("hello"u8);
            memory.RunUntilIdle();
            memory.Advance(TimeSpan.FromMilliseconds(500));
            peer.AddRoom(1000);
            memory.RunUntilIdle();
        }

        Assert.That(slow, Is.Not.Null);
        Assert.That(memory.Engine.Metrics.SlowConsumers, Is.EqualTo(1));
    }

    private static ServerOptions Options()
    {
        var options = new ServerOptions { LoopCount = 1 };
        options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
        return options;
    }
}
