namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class ReconnectBackoffTests
{
    [Test]
    public void Delay_doubles_to_its_bound_and_half_of_it_is_drawn()
    {
        var options = new WebSocketClientOptions { MinReconnectDelay = TimeSpan.FromMilliseconds(100), MaxReconnectDelay = TimeSpan.FromSeconds(1) };
        for (int attempt = 0; attempt < 40; attempt++)
        {
            double longest = Math.Min(100 * Math.Pow(2, attempt), 1_000);
            double[] drawn = [.. Enumerable.Range(0, 50).Select(_ => ReconnectBackoff.Delay(attempt, options, null).TotalMilliseconds)];
            Assert.That(drawn, Is.All.InRange(longest / 2, longest));
            Assert.That(drawn.Distinct().Count(), Is.GreaterThan(1), "so that clients spread");
        }
    }

    [Test]
    public void Server_may_ask_for_more()
        => Assert.That(ReconnectBackoff.Delay(0, new WebSocketClientOptions(), TimeSpan.FromSeconds(60)).TotalSeconds, Is.InRange(60, 75));

    [Test]
    public void Wait_of_nothing_is_so_once_only([Values(0, 10)] int longestMilliseconds)
    {
        var options = new WebSocketClientOptions { MinReconnectDelay = TimeSpan.Zero, MaxReconnectDelay = TimeSpan.FromMilliseconds(longestMilliseconds) };
        Assert.That(ReconnectBackoff.Delay(0, options, null), Is.EqualTo(TimeSpan.Zero));
        Assert.That(Enumerable.Range(1, 20).Select(attempt => ReconnectBackoff.Delay(attempt, options, null).TotalMilliseconds), Is.All.InRange(20, 40));
    }
}
