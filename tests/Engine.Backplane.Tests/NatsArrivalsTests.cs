using Engine.Backplane.Nats;
using Engine.PubSub;

namespace Engine.Backplane.Tests;

internal sealed class NatsArrivalsTests
{
    private NatsArrivals _arrivals = new();

    [SetUp]
    public void Begin() => _arrivals = new NatsArrivals();

    private ulong[] Add(ulong sequence, ulong? previous, bool isOverdue = false)
    {
        _arrivals.Add(new BackplaneMessage("room", new TopicPosition(1, sequence), previous, default));
        return Taken(isOverdue);
    }

    private ulong[] Taken(bool isOverdue)
    {
        List<ulong> taken = [];
        while (_arrivals.TryTake(isOverdue, out BackplaneMessage message))
        {
            taken.Add(message.Position.Offset);
        }

        return [.. taken];
    }

    [Test]
    public void Message_that_has_overtaken_the_one_before_it_waits_for_it()
    {
        Assert.That(Add(7, 3), Is.EqualTo((ulong[])[7]), "whatever was before the first");
        Assert.That(Add(12, 11), Is.Empty);
        Assert.That(Add(11, 9), Is.Empty);
        Assert.That(_arrivals.HasHeld, Is.True);
        Assert.That(Add(9, 7), Is.EqualTo((ulong[])[9, 11, 12]));
        Assert.That((_arrivals.HasHeld, _arrivals.Newest), Is.EqualTo((false, 12UL)));
    }

    [Test]
    public void Message_whose_previous_one_does_not_come_is_taken_when_it_is_overdue_or_too_many_wait()
    {
        Add(1, null);
        Assert.That(Add(3, 2), Is.Empty);
        Assert.That(Taken(isOverdue: true), Is.EqualTo((ulong[])[3]));
        ulong next = 5;
        while (Add(next, next - 1) is [])
        {
            next++;
        }

        Assert.That(next, Is.EqualTo(5UL + NatsArrivals.MaxHeld));
    }

    [Test]
    public void First_message_of_a_topic_waits_for_nothing()
    {
        Assert.That(Add(5, null), Is.EqualTo((ulong[])[5]));
        Assert.That(Add(9, null), Is.EqualTo((ulong[])[9]), "all others have grown too old");
    }
}
