namespace Engine.Sse.Tests;

[Category("Pure")]
public sealed class SseReconnectionTests
{
    [Test]
    public void Attempts_in_vain_double_the_wait_up_to_the_maximum_and_an_event_resets_it()
    {
        var reconnection = new SseReconnection(new SseClientOptions { ReconnectionInterval = TimeSpan.FromSeconds(3) });
        Assert.That(Waits(ref reconnection, 6), Is.EqualTo(new double[] { 3, 6, 12, 24, 30, 30 }));
        reconnection.NoteEvent();
        Assert.That(Waits(ref reconnection, 1), Is.EqualTo(new double[] { 3 }));
    }

    [Test]
    public void A_wait_of_zero_that_a_server_or_an_option_asks_for_is_the_minimum_and_doubles()
    {
        var asked = new SseReconnection(new SseClientOptions()) { Asked = TimeSpan.Zero };
        Assert.That(Waits(ref asked, 4), Is.EqualTo(new[] { 0.5, 1, 2, 4 }));
        var option = new SseReconnection(new SseClientOptions { ReconnectionInterval = TimeSpan.Zero, MinReconnectionInterval = TimeSpan.FromSeconds(1) });
        Assert.That(Waits(ref option, 3), Is.EqualTo(new double[] { 1, 2, 4 }));
    }

    [Test]
    public void A_server_that_asks_for_more_gets_it_and_chance_only_adds()
    {
        var reconnection = new SseReconnection(new SseClientOptions { ReconnectionJitter = 0.5 }) { Asked = TimeSpan.FromMinutes(2) };
        Assert.That(reconnection.TryGoOn(), Is.True);
        Assert.That(reconnection.Wait(retryAfter: null, chance: 0), Is.EqualTo(TimeSpan.FromMinutes(2)), "more than the maximum");
        Assert.That(reconnection.Wait(TimeSpan.FromMinutes(10), chance: 0), Is.EqualTo(TimeSpan.FromMinutes(10)));
        Assert.That(reconnection.Wait(TimeSpan.FromMinutes(10), chance: 1), Is.EqualTo(TimeSpan.FromMinutes(15)));
        Assert.That(reconnection.Wait(TimeSpan.MaxValue, chance: 1), Is.EqualTo(TimeSpan.FromMilliseconds(int.MaxValue)), "what a timer can wait");
    }

    [Test]
    public void MaxAttempts_counts_attempts_without_an_event_and_zero_never_ends()
    {
        var two = new SseReconnection(new SseClientOptions { MaxAttempts = 2 });
        Assert.That(two.TryGoOn(), Is.True);
        two.NoteEvent();
        Assert.That(two.TryGoOn(), Is.True);
        Assert.That(two.TryGoOn(), Is.False);
        var endless = new SseReconnection(new SseClientOptions());
        Assert.That(Enumerable.Range(0, 1000).All(_ => endless.TryGoOn()), Is.True);
    }

    private static double[] Waits(ref SseReconnection reconnection, int count)
    {
        var waits = new double[count];
        for (int i = 0; i < count; i++)
        {
            reconnection.TryGoOn();
            waits[i] = reconnection.Wait(retryAfter: null, chance: 0).TotalSeconds;
        }

        return waits;
    }
}
