using Engine.Backplane.Nats;
using Engine.Backplane.Redis;
using Engine.PubSub;

namespace TestServer;

/// <summary>Brokers by their addresses.</summary>
internal static class Backplanes
{
    public static bool Knows(Uri address) => address.Scheme is "nats" or "redis";

    public static IBackplane Make(Uri address) => address.Scheme == "nats"
        ? new NatsBackplane(new NatsBackplaneOptions(address.ToString().TrimEnd('/')))
        : new RedisBackplane(new RedisBackplaneOptions($"{address.Host}:{(address.IsDefaultPort || address.Port < 0 ? 6379 : address.Port)}"));
}
