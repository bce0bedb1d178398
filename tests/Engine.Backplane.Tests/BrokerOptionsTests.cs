using Engine.Backplane.Nats;
using Engine.Backplane.RabbitMq;
using Engine.Backplane.Redis;

namespace Engine.Backplane.Tests;

internal sealed class BrokerOptionsTests
{
    [Test]
    public void Redis_options_out_of_range_are_refused()
    {
        Assert.That(() => new RedisBackplaneOptions(""), Throws.ArgumentException);
        RedisBackplaneOptions[] wrong =
        [
            new("127.0.0.1") { Name = "" },
            new("127.0.0.1") { MaxMessagesPerTopic = 0 },
            new("127.0.0.1") { HistoryAge = TimeSpan.Zero },
            new("127.0.0.1") { EpochAge = TimeSpan.FromMinutes(1) },
            new("127.0.0.1") { IdempotencyWindow = TimeSpan.Zero },
        ];
        foreach (RedisBackplaneOptions options in wrong)
        {
            Assert.That(() => new RedisBackplane(options), Throws.InstanceOf<ArgumentException>());
        }
    }

    [Test]
    public void Nats_options_out_of_range_are_refused()
    {
        Assert.That(() => new NatsBackplaneOptions(""), Throws.ArgumentException);
        NatsBackplaneOptions[] wrong =
        [
            new("nats://127.0.0.1") { Name = "" },
            new("nats://127.0.0.1") { Prefix = "a.b" },
            new("nats://127.0.0.1") { MaxMessagesPerTopic = 0 },
            new("nats://127.0.0.1") { MaxBytes = 0 },
            new("nats://127.0.0.1") { HistoryAge = TimeSpan.Zero },
            new("nats://127.0.0.1") { IdempotencyWindow = TimeSpan.FromHours(2) },
            new("nats://127.0.0.1") { Replicas = 0 },
        ];
        foreach (NatsBackplaneOptions options in wrong)
        {
            Assert.That(() => new NatsBackplane(options), Throws.InstanceOf<ArgumentException>());
        }
    }

    [Test]
    public void RabbitMq_options_out_of_range_are_refused()
    {
        Assert.That(() => new RabbitMqBackplaneOptions(""), Throws.ArgumentException);
        RabbitMqBackplaneOptions[] wrong =
        [
            new("127.0.0.1:5672"),
            new("http://127.0.0.1"),
            new("amqp://127.0.0.1") { Name = "" },
            new("amqp://127.0.0.1") { Exchange = "" },
            new("amqp://127.0.0.1") { MaxQueuedMessages = 0 },
        ];
        foreach (RabbitMqBackplaneOptions options in wrong)
        {
            Assert.That(() => new RabbitMqBackplane(options), Throws.InstanceOf<ArgumentException>());
        }
    }
}
