using Engine.Backplane.Nats;
using Engine.Backplane.RabbitMq;
using Engine.Backplane.Redis;
using Engine.PubSub;

namespace Engine.Backplane.Tests;

/// <summary>A broker that the contract is tested on.</summary>
internal abstract class BrokerUnderTest : IDisposable
{
    /// <param name="name">Which one.</param>
    /// <param name="maxMessages">Messages that it keeps of a topic.</param>
    public static BrokerUnderTest Make(string name, int maxMessages) => name switch
    {
        "memory" => new MemoryBrokerUnderTest(maxMessages),
        _ => new ServerUnderTest(ProcessOf(name), port => Connect(name, port, maxMessages)),
    };

    public static BrokerProcess ProcessOf(string name) => name switch
    {
        "redis" => BrokerProcess.Redis(),
        "nats" => BrokerProcess.Nats(),
        "rabbitmq" => BrokerProcess.RabbitMq(),
        _ => throw new ArgumentException(name),
    };

    public static IBackplane Connect(string name, int port, int maxMessages) => name switch
    {
        "redis" => new RedisBackplane(new RedisBackplaneOptions($"127.0.0.1:{port}") { MaxMessagesPerTopic = maxMessages }),
        "nats" => new NatsBackplane(new NatsBackplaneOptions($"nats://127.0.0.1:{port}") { MaxMessagesPerTopic = maxMessages }),
        "rabbitmq" => new RabbitMqBackplane(new RabbitMqBackplaneOptions($"amqp://127.0.0.1:{port}")),
        _ => throw new ArgumentException(name),
    };

    public abstract IBackplane Connect();

    public abstract Task StartAsync();

    public abstract void Kill();

    /// <summary>Loses everything that it kept. While it does not run.</summary>
    public abstract void Forget();

    public abstract void Dispose();

    private sealed class MemoryBrokerUnderTest(int maxMessages) : BrokerUnderTest
    {
        private readonly InMemoryBroker _broker = new(maxMessages);

        public override IBackplane Connect() => _broker.Connect();

        public override Task StartAsync()
        {
            _broker.Return();
            return Task.CompletedTask;
        }

        public override void Kill() => _broker.GoAway();

        public override void Forget() => _broker.Forget();

        public override void Dispose()
        {
        }
    }

    private sealed class ServerUnderTest(BrokerProcess process, Func<int, IBackplane> connect) : BrokerUnderTest
    {
        public override IBackplane Connect() => connect(process.Port);

        public override Task StartAsync() => process.StartAsync();

        public override void Kill() => process.Kill();

        public override void Forget() => process.Forget();

        public override void Dispose() => process.Dispose();
    }
}
