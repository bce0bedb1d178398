namespace Engine.PubSub.Tests;

public sealed class RendezvousHashTests
{
    private static readonly ulong[] Brokers = [.. Enumerable.Range(0, 5).Select(static i => RendezvousHash.Of($"broker-{i}"))];

    [Test]
    public void Topics_are_spread_evenly()
    {
        int[] counts = new int[Brokers.Length];
        for (int i = 0; i < 10_000; i++)
        {
            counts[RendezvousHash.Choose(Brokers, $"s.topic-{i}")]++;
        }

        Assert.That(counts, Has.All.InRange(1_800, 2_200));
    }

    [Test]
    public void Broker_less_moves_its_own_topics_only()
    {
        for (int i = 0; i < 10_000; i++)
        {
            int before = RendezvousHash.Choose(Brokers, $"s.topic-{i}");
            int after = RendezvousHash.Choose(Brokers.AsSpan(0, 4), $"s.topic-{i}");
            Assert.That(after, before == 4 ? Is.LessThan(4) : Is.EqualTo(before));
        }
    }

    [Test]
    public void Choice_is_the_same_in_every_process() => Assert.That(RendezvousHash.Of("s.topic"), Is.EqualTo(17672623047376258693ul));
}
