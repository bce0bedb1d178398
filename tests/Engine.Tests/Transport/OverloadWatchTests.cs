using Engine.TestKit;

namespace Engine.Tests;

/// <summary>The server's own bound over all queues.</summary>
public sealed class OverloadWatchTests(TransportKind transport) : BothTransports(transport)
{
    [Test]
    public async Task Past_MaxTotalOutboundBytes_messages_are_refused_and_the_slowest_connections_closed()
    {
        const long Limit = 100_000;
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options =>
        {
            options.LoopCount = 1;
            options.MaxTotalOutboundBytes = Limit;
        });
        var clients = new List<RawClient>();
        var probes = new List<ProbeProtocol>();
        for (int i = 0; i < 6; i++)
        {
            clients.Add(await server.ConnectAsync(receiveBufferBytes: 4096));
            probes.Add(source.Take(TestContext.CurrentContext.CancellationToken));
            Connection connection = await probes[i].Started;
            await FillAsync(connection, new byte[8_000]);
        }

        CloseReason first = await probes[0].Closed.WaitAsync(TestContext.CurrentContext.CancellationToken);
        Assert.That(first, Is.EqualTo(CloseReason.SlowConsumer), "the one that has lagged the longest goes first");
        Assert.That(server.Engine.Metrics.MessagesDropped, Is.GreaterThan(0));
        while (server.Engine.Metrics.QueuedBytes > Limit)
        {
            TestContext.CurrentContext.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.That(probes.Count(static probe => !probe.Closed.IsCompleted), Is.GreaterThan(0), "no more are closed than needed");
        foreach (RawClient client in clients)
        {
            await client.DisposeAsync();
        }
    }
}
