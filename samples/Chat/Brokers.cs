using Engine.Backplane.Nats;
using Engine.Backplane.RabbitMq;
using Engine.Backplane.Redis;
using Engine.PubSub;

namespace Chat;

/// <summary>Brokers by their addresses. Several processes over one are one chat: what is said in a room of one is heard in all.</summary>
internal static class Brokers
{
    /// <summary>Returns false for an address of no broker that is known; true, and no backplane, when there is no address.</summary>
    public static bool TryConnect(string? address, out IBackplane? backplane)
    {
        backplane = null;
        if (address is null)
        {
            return true;
        }

        if (Uri.TryCreate(address, UriKind.Absolute, out Uri? uri))
        {
            backplane = uri.Scheme switch
            {
                "nats" => new NatsBackplane(new NatsBackplaneOptions(uri.ToString().TrimEnd('/'))),
                "amqp" => new RabbitMqBackplane(new RabbitMqBackplaneOptions(uri.ToString())),
                "redis" => new RedisBackplane(new RedisBackplaneOptions($"{uri.Host}:{(uri.Port < 0 ? 6379 : uri.Port)}")),
                _ => null,
            };
        }

        return backplane is not null;
    }
}
