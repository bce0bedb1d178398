using System.Net;
using Engine.PubSub;

namespace Engine.Backplane.Tests;

/// <summary>What a node's network has of topics that nobody listens to there, counted on its socket.</summary>
[CancelAfter(300_000)]
internal sealed class QuietTests
{
    [TestCase("redis", 2_000)]
    [TestCase("nats", 2_000)]
    [TestCase("redis", 100_000, Explicit = true)]
    [TestCase("nats", 100_000, Explicit = true)]
    [TestCase("rabbitmq", 100_000, Explicit = true)]
    public async Task Publications_without_a_local_subscriber_cost_a_node_nothing(string name, int count)
    {
        using BrokerProcess broker = BrokerUnderTest.ProcessOf(name);
        await broker.StartAsync();
        await using var relay = new Relay(new IPEndPoint(IPAddress.Loopback, broker.Port));
        await using IBackplane publishing = BrokerUnderTest.Connect(name, broker.Port, maxMessages: 1_000), quiet = BrokerUnderTest.Connect(name, relay.Port, maxMessages: 1_000);
        using TopicHub publisher = MakeHub(publishing), other = MakeHub(quiet);
        Assert.That(await publisher.PrepareAsync("busy"), Is.True);
        Assert.That(await other.PrepareAsync("quiet"), Is.True);

        await HearAsync();
        long before = relay.BytesFromBroker;
        await PublishAsync("busy", count);
        long cost = relay.BytesFromBroker - before;
        // What was sent to the node before this has arrived with it.
        await HearAsync();
        TestContext.Out.WriteLine($"{name}: {count} publications of 1,000 bytes elsewhere, {cost} bytes to the node");
        Assert.That(cost, Is.LessThan(4_096), "no more than probes");

        async Task HearAsync()
        {
            long received = other.Backplanes[0].Received;
            PublishResult result = await publisher.PublishAsync("quiet", new TopicMessage("x"));
            long startedAt = Environment.TickCount64;
            while (other.Backplanes[0].Received == received)
            {
                Assert.That(Environment.TickCount64 - startedAt, Is.LessThan(10_000), "it listens");
                await Task.Delay(1);
            }

            Assert.That(await other.PrepareAsync("quiet", result.Position), Is.True);
        }

        async Task PublishAsync(string topic, int count)
        {
            byte[] payload = new byte[1_000];
            for (int done = 0; done < count; done += 500)
            {
                PublishResult[] results = await Task.WhenAll(Enumerable.Range(0, Math.Min(500, count - done)).Select(_ => publisher.PublishAsync(topic, new TopicMessage(payload)).AsTask()));
                Assert.That(results.All(static result => result.IsAccepted), Is.True);
            }

            // Those that nobody keeps are accepted before the broker has them.
            while (publisher.Backplanes[0].OutboxLength > 0)
            {
                await Task.Delay(1);
            }
        }
    }

    private static TopicHub MakeHub(IBackplane backplane)
        => new(new TopicHubOptions { Backplane = new BackplaneOptions(backplane), Default = new TopicOptions(TopicKind.Stream) { MaxBytes = 16 << 20 } });
}
