namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class TopicBackoffTests
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    [TestCase(1001, TopicReconnect.Again)]
    [TestCase(1012, TopicReconnect.Again)]
    [TestCase(1006, TopicReconnect.Later)]
    [TestCase(1011, TopicReconnect.Later)]
    [TestCase(1013, TopicReconnect.Later)]
    [TestCase(503, TopicReconnect.Later)]
    [TestCase(1000, TopicReconnect.Never)]
    [TestCase(1008, TopicReconnect.Never)]
    [TestCase(403, TopicReconnect.Never)]
    public void Code_says_what_to_do(int code, TopicReconnect expected) => Assert.That(TopicBackoff.AdviceOf(code, hasToken: false), Is.EqualTo(expected));

    [Test]
    public void Refusal_of_a_token_is_no_end_where_there_may_be_another()
    {
        Assert.That(TopicBackoff.AdviceOf(401, hasToken: false), Is.EqualTo(TopicReconnect.Never));
        Assert.That(TopicBackoff.AdviceOf(401, hasToken: true), Is.EqualTo(TopicReconnect.Later));
    }

    [Test]
    public void Bound_doubles_up_to_the_longest_and_begins_anew_after_a_reset()
    {
        var backoff = new TopicBackoff(Shortest, Longest, static () => 1);
        double[] waits = [.. Enumerable.Range(0, 8).Select(_ => backoff.Next(1006, isSoon: false, null).TotalSeconds)];
        Assert.That(waits, Is.EqualTo(new[] { 0.5, 1, 2, 4, 8, 16, 20, 20 }));
        Assert.That(backoff.Next(1001, isSoon: true, null).TotalSeconds, Is.EqualTo(1), "soon");
        backoff.Reset();
        Assert.That(backoff.Next(1006, isSoon: false, null).TotalSeconds, Is.EqualTo(0.5));
    }

    [Test]
    public void Wait_is_drawn_from_zero_on()
        => Assert.That(new TopicBackoff(Shortest, Longest, static () => 0.25).Next(1006, isSoon: false, null).TotalMilliseconds, Is.EqualTo(125));

    [Test]
    public void Servers_window_bounds_the_next_wait_only_and_Retry_After_is_the_least()
    {
        var backoff = new TopicBackoff(Shortest, Longest, static () => 0.5) { Window = TimeSpan.FromSeconds(60) };
        Assert.That(backoff.Next(1001, isSoon: true, null), Is.EqualTo(TimeSpan.FromSeconds(30)));
        Assert.That(backoff.Next(503, isSoon: false, TimeSpan.FromSeconds(9)), Is.EqualTo(TimeSpan.FromSeconds(9.25)));
    }

    [Test]
    public void Overloaded_server_is_given_more_time()
        => Assert.That(new TopicBackoff(Shortest, Longest, static () => 1).Next(1013, isSoon: false, null), Is.EqualTo(TimeSpan.FromSeconds(4)));
}
