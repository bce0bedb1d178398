using Engine.Backplane.Nats;
using Engine.Backplane.RabbitMq;
using Engine.Backplane.Redis;
using Engine.PubSub;

namespace TestServer;

/// <summary>Brokers by their addresses.</summary>
internal static class Backplanes
{
    public static bool Knows(Uri address) => address.Scheme is "nats" or "redis" or "amqp";

    public static IBackplane Make(Uri address) => address.Scheme switch
    {
        "nats" => new NatsBackplane(new NatsBackplaneOptions(address.ToString().TrimEnd('/'))),
        "amqp" => new RabbitMqBackplane(new RabbitMqBackplaneOptions(address.ToString())),
        _ => new RedisBackplane(new RedisBackplaneOptions($"{address.Host}:{(address.IsDefaultPort || address.Port < 0 ? 6379 : address.Port)}")),
    };
}
