namespace Engine.Tests;

/// <summary>Deadlines: never early, at most a tick late, whatever is moved and cancelled, and without an allocation.</summary>
public sealed class TimerWheelTests
{
    [Test]
    public void Deadlines_fire_once_never_early_and_at_most_one_tick_late([Range(1, 30)] int seed)
    {
        const int SlotCount = 200;
        var random = new Random(seed);
        long now = random.Next(100_000);
        var wheel = new TimerWheel(now);
        wheel.EnsureSlots(SlotCount);
        var wanted = new Dictionary<int, long>();
        var due = new List<int>();
        for (int step = 0; step < 3000; step++)
        {
            int slot = random.Next(SlotCount);
            switch (random.Next(4))
            {
                case 0:
                    long at = now + random.Next(1, random.Next(10) == 0 ? 200_000 : 3000);
                    wheel.Set(slot, at);
                    wanted[slot] = at;
                    break;
                case 1:
                    wheel.Cancel(slot);
                    wanted.Remove(slot);
                    break;
                default:
                    long before = now;
                    now += random.Next(random.Next(50) == 0 ? 100_000 : 100);
                    Assert.That(wheel.MillisecondsToNext(before), wanted.Count == 0 ? Is.EqualTo(-1) : Is.GreaterThanOrEqualTo(0));
                    due.Clear();
                    wheel.Advance(now, due);
                    foreach (int fired in due)
                    {
                        Assert.That(wanted.Remove(fired, out long deadline), Is.True, "fired without a deadline");
                        Assert.That(deadline, Is.LessThanOrEqualTo(now), "early");
                    }

                    foreach ((int left, long deadline) in wanted)
                    {
                        Assert.That(deadline, Is.GreaterThan(now - (2 * TimerWheel.TickMilliseconds)), $"slot {left} is late");
                    }

                    break;
            }

            Assert.That(wheel.Count, Is.EqualTo(wanted.Count));
        }
    }

    [Test]
    public void Waiting_as_long_as_the_wheel_says_never_sleeps_through_a_deadline()
    {
        var wheel = new TimerWheel(0);
        wheel.EnsureSlots(2);
        wheel.Set(0, 100_000);
        wheel.Set(1, 1000);
        var due = new List<int>();
        long now = 0;
        int turns = 0;
        while (wheel.Count > 0)
        {
            int wait = wheel.MillisecondsToNext(now);
            Assert.That(wait, Is.GreaterThanOrEqualTo(0));
            now += Math.Max(wait, 1);
            due.Clear();
            wheel.Advance(now, due);
            turns++;
            if (due.Contains(1))
            {
                Assert.That(now, Is.InRange(1000, 1000 + TimerWheel.TickMilliseconds));
            }
        }

        Assert.That(now, Is.InRange(100_000, 100_000 + TimerWheel.TickMilliseconds));
        Assert.That(turns, Is.LessThan(30), "it does not wake at every tick");
    }

    [Test]
    public void Setting_moving_and_cancelling_allocate_nothing()
    {
        var wheel = new TimerWheel(0);
        wheel.EnsureSlots(100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            wheel.Set(i % 100, 500 + i);
            wheel.Set(i % 100, 900 + i);
            wheel.Cancel(i % 100);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }
}
