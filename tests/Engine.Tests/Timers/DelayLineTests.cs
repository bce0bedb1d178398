using System.Globalization;

namespace Engine.Tests;

/// <summary>A line of those who all wait equally long.</summary>
public sealed class DelayLineTests
{
    private readonly List<string> _called = [];

    [Test]
    public void Members_are_due_after_the_delay_and_never_before()
    {
        var line = new DelayLine(10);
        line.Add(Member("a"), 100);
        line.Add(Member("b"), 105);
        Assert.That(Due(line, 110), Is.Empty);
        Assert.That(Due(line, 111), Is.EqualTo(new[] { "a" }));
        Assert.That(Due(line, 200), Is.EqualTo(new[] { "b" }));
        Assert.That(line.IsEmpty, Is.True);
    }

    [Test]
    public void The_wait_is_the_first_ones()
    {
        var line = new DelayLine(10);
        Assert.That(line.MillisecondsToNext(100), Is.EqualTo(-1));
        line.Add(Member("a"), 100);
        line.Add(Member("b"), 105);
        Assert.That(line.MillisecondsToNext(103), Is.EqualTo(8));
        Assert.That(line.MillisecondsToNext(500), Is.Zero);
    }

    [Test]
    public void The_loop_is_woken_for_the_first_who_comes_while_nobody_watches()
    {
        var line = new DelayLine(10);
        Assert.That(line.Add(Member("a"), 100), Is.True);
        Assert.That(line.Add(Member("b"), 100), Is.False);
        Due(line, 200);
        Assert.That(line.Add(Member("c"), 200), Is.False, "the loop has not gone to sleep since");
        Due(line, 300);
        Assert.That(line.MillisecondsToNext(300), Is.EqualTo(-1), "it sleeps");
        Assert.That(line.Add(Member("d"), 300), Is.True);
        Assert.That(line.MillisecondsToNext(300), Is.EqualTo(11));
        Assert.That(line.Add(Member("e"), 300), Is.False);
    }

    [Test, CancelAfter(30_000)]
    public void Members_of_many_threads_all_come_through()
    {
        var line = new DelayLine(1);
        const int Count = 2000;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(number => new Thread(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                line.Add(Member(string.Create(CultureInfo.InvariantCulture, $"{number}-{i}")), i);
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        string[] called = Due(line, long.MaxValue);
        Assert.That(called, Is.Unique.And.Length.EqualTo(4 * Count));
        Assert.That(called.Where(static name => name[0] == '2'), Is.EqualTo(Enumerable.Range(0, Count).Select(static i => $"2-{i}")));
    }

    private string[] Due(DelayLine line, long now)
    {
        _called.Clear();
        while (line.TryTakeDue(now, out IDelayed? member))
        {
            member.OnDelayPassed();
        }

        return [.. _called];
    }

    private Called Member(string name) => new(() => _called.Add(name));

    private sealed class Called(Action call) : IDelayed
    {
        public void OnDelayPassed() => call();
    }
}
