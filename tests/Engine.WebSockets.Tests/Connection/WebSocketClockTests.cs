namespace Engine.WebSockets.Tests;

/// <summary>What is due, and when: every state with every clock.</summary>
[Category("Pure")]
public sealed class WebSocketClockTests
{
    private static readonly WebSocketEndpoint Endpoint = new HandlerEndpoint<int>(
        new WebSocketEndpointOptions
        {
            PingInterval = TimeSpan.FromSeconds(30),
            PongTimeout = TimeSpan.FromSeconds(10),
            IdleTimeout = TimeSpan.FromSeconds(300),
            CloseTimeout = TimeSpan.FromSeconds(5),
        },
        new EchoHandler());

    [TestCase("Open", false, false, "Ask", 31_000)]
    [TestCase("Open", true, false, "Expire", 901_000)]
    [TestCase("Open", false, true, "PeerGone", 0)]
    [TestCase("Open", true, true, "Expire", 901_000)]
    [TestCase("CloseSent", false, false, "EndClose", 7_000)]
    [TestCase("CloseSent", false, true, "PeerGone", 0)]
    [TestCase("Closing", false, true, "None", long.MaxValue)]
    [TestCase("Closed", true, true, "None", long.MaxValue)]
    public void First_duty_follows_from_the_state(string state, bool isHeldBack, bool isPeerGone, string duty, long at)
    {
        var clock = default(WebSocketClock);
        clock.Start(1_000, 900_000);
        if (state == "CloseSent")
        {
            clock.AwaitClose(2_000, 5_000);
        }

        Assert.That(
            clock.Next(Enum.Parse<WebSocketState>(state), isHeldBack, isPeerGone, Endpoint), Is.EqualTo((Enum.Parse<ClockDuty>(duty), at)));
    }

    [Test]
    public void Message_puts_off_idleness_and_life_puts_off_the_ping()
    {
        var clock = default(WebSocketClock);
        clock.Start(0, 0);
        for (long now = 1_000; now <= 280_000; now += 20_000)
        {
            clock.SeeLife(now);
        }

        clock.SeeLife(290_000);
        Assert.That(clock.Next(WebSocketState.Open, false, false, Endpoint), Is.EqualTo((ClockDuty.CloseIdle, 300_000L)));
        clock.SeeMessage(290_000);
        Assert.That(clock.Next(WebSocketState.Open, false, false, Endpoint), Is.EqualTo((ClockDuty.Ask, 320_000L)));
    }

    [Test]
    public void Peer_is_given_up_one_turn_after_its_time_and_not_when_the_loop_stood_still()
    {
        var clock = default(WebSocketClock);
        clock.Start(0, 0);
        clock.Ask(30_000);
        Assert.That(clock.Next(WebSocketState.Open, false, false, Endpoint), Is.EqualTo((ClockDuty.Judge, 40_000L)));
        Assert.That(clock.IsGivenUp(40_000 + WebSocketClock.StallMilliseconds + 1, Endpoint), Is.False, "the loop stood still");
        Assert.That(clock.Next(WebSocketState.Open, false, false, Endpoint).At, Is.EqualTo(50_301));
        Assert.That(clock.IsGivenUp(50_310, Endpoint), Is.False, "what waits in the kernel is read first");
        (ClockDuty duty, long at) = clock.Next(WebSocketState.Open, false, false, Endpoint);
        Assert.That(duty, Is.EqualTo(ClockDuty.Judge));
        Assert.That(clock.IsGivenUp(at, Endpoint), Is.True);
        clock.SeeLife(at);
        Assert.That(clock.Next(WebSocketState.Open, false, false, Endpoint), Is.EqualTo((ClockDuty.Ask, at + 30_000)));
    }
}
