namespace Engine.Tests;

/// <summary>The longest of the latest turns, for any number of readers.</summary>
public sealed class TurnWatchTests
{
    [Test]
    public void A_turn_in_progress_is_seen_before_it_ends()
    {
        TurnWatch watch = default;
        watch.Begin(1_000);
        Assert.That(watch.InProgress(1_700), Is.EqualTo(700));
        Assert.That(watch.RecentLongest(1_700), Is.EqualTo(700));
        Assert.That(watch.End(1_900), Is.EqualTo(900));
        Assert.That(watch.InProgress(2_000), Is.Zero);
        Assert.That(watch.RecentLongest(2_000), Is.EqualTo(900));
        Assert.That(watch.RecentLongest(2_000), Is.EqualTo(900), "reading changes nothing");
    }

    [Test]
    public void A_long_turn_is_forgotten_after_two_windows()
    {
        TurnWatch watch = default;
        watch.Begin(100_000);
        watch.End(100_500);
        watch.Begin(105_000);
        watch.End(105_003);
        Assert.That(watch.RecentLongest(109_000), Is.EqualTo(500));
        watch.Begin(111_000);
        watch.End(111_002);
        Assert.That(watch.RecentLongest(111_100), Is.EqualTo(500), "it was the longest of the window before");
        watch.Begin(122_000);
        watch.End(122_001);
        Assert.That(watch.RecentLongest(122_100), Is.EqualTo(2));
        Assert.That(watch.RecentLongest(150_000), Is.Zero);
    }
}
