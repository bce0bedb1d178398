using Microsoft.Extensions.ObjectPool;

namespace Engine.Tests;

[Category("Pure")]
public sealed class SendWaitersTests
{
    private readonly DefaultObjectPool<SendWaiter> _pool = new(new SendWaiter.Policy());

    [Test]
    public void Who_came_first_is_first_and_an_emptied_list_begins_anew()
    {
        var waiters = default(SendWaiters);
        SendWaiter[] made = [Make(), Make(), Make()];
        foreach (SendWaiter waiter in made)
        {
            waiters.Add(waiter);
        }

        Assert.That(new[] { waiters.RemoveFirst(), waiters.RemoveFirst(), waiters.RemoveFirst() }, Is.EqualTo(made));
        Assert.That(waiters.IsEmpty, Is.True);
        waiters.Add(made[1]);
        Assert.That(waiters.First, Is.SameAs(made[1]));
    }

    [Test]
    public void A_message_streams_from_when_it_begins_until_it_is_taken_off()
    {
        var waiters = default(SendWaiters);
        waiters.Add(Make());
        waiters.Add(Make());
        Assert.That(waiters.IsStreaming, Is.False);
        waiters.First!.TryBegin();
        Assert.That(waiters.IsStreaming, Is.True);
        waiters.RemoveFirst();
        Assert.That(waiters.IsStreaming, Is.False);
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void Cancelled_ones_are_taken_off_wherever_they_stand(int which)
    {
        var waiters = default(SendWaiters);
        using var source = new CancellationTokenSource();
        var owner = new Owner();
        SendWaiter[] made = [Make(), Make(), Make()];
        made[which].ObserveCancellation(owner, source.Token);
        foreach (SendWaiter waiter in made)
        {
            waiters.Add(waiter);
        }

        source.Cancel();
        Assert.That(owner.Cancelled, Is.EqualTo(new[] { made[which] }));
        waiters.RemoveCancelled();
        Assert.That(waiters.First, Is.SameAs(made[0]), "not before it is marked");
        waiters.MarkCancelled();
        waiters.RemoveCancelled();
        SendWaiter[] left = [waiters.RemoveFirst(), waiters.RemoveFirst()];
        Assert.That(left, Is.EqualTo(made.Where((_, i) => i != which)));
        Assert.That(waiters.IsEmpty, Is.True);
    }

    private SendWaiter Make()
    {
        SendWaiter waiter = _pool.Get();
        waiter.Set(_pool, default, new byte[1], isForDrain: false);
        return waiter;
    }

    private sealed class Owner : ISendWaiterOwner
    {
        public List<SendWaiter> Cancelled { get; } = [];

        public void OnWaiterCancelled(SendWaiter waiter) => Cancelled.Add(waiter);
    }
}
