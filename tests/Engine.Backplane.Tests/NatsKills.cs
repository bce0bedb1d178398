namespace Engine.Backplane.Tests;

/// <summary>
/// A known fault that docs/backplanes.md tells of: after its server was killed and started again, a node over NATS does not always come back. What kills the server
/// runs over NATS only when ENGINE_NATS_KILLS is set, until that is mended.
/// </summary>
internal static class NatsKills
{
    public static void SkipUnlessAsked(string broker)
    {
        if (broker == "nats" && Environment.GetEnvironmentVariable("ENGINE_NATS_KILLS") is null)
        {
            Assert.Ignore("Known fault: a node over NATS does not always come back after its server was killed. ENGINE_NATS_KILLS=1 runs it all the same.");
        }
    }
}
