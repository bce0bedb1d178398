using System.Diagnostics.Metrics;
using System.Net;
using Engine.TestKit;

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
        yield return Case("Processors", static options => options.Processors.Add(-1));
        yield return Case("EndPoints", static options => options.EndPoints.Clear());
    }

    [Test]
    public async Task Loops_run_on_the_processors_that_the_options_name()
    {
        ServerOptions options = Options();
        options.LoopCount = 2;
        options.Processors.Add(0);
        var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new EngineServer(options, connection =>
        {
            seen.TrySetResult(File.ReadLines("/proc/thread-self/status").First(static line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)));
            return new ProbeProtocol();
        });
        if (!OperatingSystem.IsLinux())
        {
            Assert.That(() => server.StartAsync(), Throws.TypeOf<PlatformNotSupportedException>());
            return;
        }

        await server.StartAsync();
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoints[0]);
        Assert.That((await seen.Task.WaitAsync(TimeSpan.FromSeconds(20))).Split(':')[1].Trim(), Is.EqualTo("0"));
    }

    [Test]
    public async Task A_processor_that_is_not_there_fails_the_start_and_nothing_is_left_open()
    {
        ServerOptions options = Options();
        options.Processors.Add(1023);
        await using var server = new EngineServer(options, static _ => new ProbeProtocol());
        await Assert.ThatAsync(() => server.StartAsync(), Throws.TypeOf<PlatformNotSupportedException>());
    }

    [Test]
    public async Task The_hook_sees_each_listener_before_it_is_bound()
    {
        ServerOptions options = Options();
        bool wasBound = true;
        options.ConfigureListener = socket => wasBound = socket.IsBound;
        await using var server = new EngineServer(options, static _ => new ProbeProtocol());
        await server.StartAsync();
        Assert.That(wasBound, Is.False);
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
            "engine.outbound.queued_bytes", "engine.outbound.rented_segments", "engine.dropped_messages", "engine.slow_consumers", "engine.loop.turns", "engine.loop.lag", "engine.faults",
        ]));
        Assert.That(seen["engine.bytes.received"], Is.GreaterThanOrEqualTo(5));
    }

    [Test]
    public void Two_servers_of_one_process_are_told_apart_by_their_names()
    {
        var seen = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, owner) =>
        {
            if (instrument.Name == "engine.connections.accepted")
            {
                owner.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach ((string key, object? name) in tags)
            {
                if (key == EngineMetrics.ServerTag)
                {
                    seen[(string)name!] = value;
                }
            }
        });
        listener.Start();
        var one = new MemoryServer(new ServerOptions { Name = "told-apart-one" }, static _ => ProbeProtocol.Echo());
        var two = new MemoryServer(new ServerOptions { Name = "told-apart-two" }, static _ => ProbeProtocol.Echo());
        for (int i = 0; i < 10; i++)
        {
            one.Connect();
        }

        two.Connect();
        listener.RecordObservableInstruments();
        Assert.That((seen["told-apart-one"], seen["told-apart-two"]), Is.EqualTo((10, 1)));
        one.Engine.Metrics.Dispose();
        two.Engine.Metrics.Dispose();
    }

    [Test]
    public async Task Options_serve_for_two_servers_and_stay_as_the_caller_made_them()
    {
        ServerOptions options = Options();
        await using var first = new EngineServer(options, static _ => ProbeProtocol.Echo());
        await first.StartAsync();
        options.EndPoints.Clear();
        options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
        await using var second = new EngineServer(options, static _ => ProbeProtocol.Echo());
        await second.StartAsync();
        Assert.That(first.EndPoints, Has.Count.EqualTo(1));
        Assert.That(second.EndPoints[0], Is.Not.EqualTo(first.EndPoints[0]));
        Assert.That(options.EndPoints, Is.EqualTo(new[] { new IPEndPoint(IPAddress.Loopback, 0) }));
        ServerOptions clone = options.Clone();
        clone.Connections.MaxOutboundBytes = 4096;
        clone.EndPoints.Clear();
        Assert.That(options.Connections.MaxOutboundBytes, Is.EqualTo(new ConnectionOptions().MaxOutboundBytes));
        Assert.That(options.EndPoints, Has.Count.EqualTo(1));
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
