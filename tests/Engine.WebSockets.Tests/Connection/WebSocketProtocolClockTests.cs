namespace Engine.WebSockets.Tests;

[Category("Memory")]
public sealed class WebSocketProtocolClockTests
{
    [Test]
    public void Silent_peer_is_pinged_and_one_that_answers_lives()
    {
        var dialogue = new Dialogue();
        for (int i = 0; i < 4; i++)
        {
            dialogue.Server.Advance(TimeSpan.FromSeconds(30.2));
            Assert.That(dialogue.Take(), Is.EqualTo(new[] { "9:" }), $"round {i}");
            dialogue.Send(Wire.Frame(0xA, []));
        }

        Assert.That(dialogue.Handler.CloseCount, Is.Zero);
        Assert.That(dialogue.Handler.Events.Count(e => e == "pong:"), Is.EqualTo(4));
    }

    [Test]
    public void Peer_that_answers_no_ping_is_reset_and_is_1006()
    {
        var dialogue = new Dialogue(options =>
        {
            options.PingInterval = TimeSpan.FromSeconds(3);
            options.PongTimeout = TimeSpan.FromSeconds(1);
        });
        dialogue.Server.Advance(TimeSpan.FromSeconds(3.2));
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "9:" }));
        dialogue.Server.Advance(TimeSpan.FromSeconds(1.2));
        Assert.That(dialogue.Peer.SawReset, Is.True);
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1006  unclean Timeout"));
    }

    [Test]
    public void Pong_in_the_same_millisecond_as_its_ping_counts()
    {
        // The in-memory clock stands still between two advances, so this pong comes at the very time of its ping.
        var dialogue = new Dialogue(options =>
        {
            options.PingInterval = TimeSpan.FromSeconds(3);
            options.PongTimeout = TimeSpan.FromSeconds(1);
        });
        for (int i = 0; i < 50 && dialogue.Take().Count == 0; i++)
        {
            dialogue.Server.Advance(TimeSpan.FromMilliseconds(64));
            if (dialogue.Peer.Received.Length > 0)
            {
                dialogue.Peer.TakeReceived();
                dialogue.Send(Wire.Frame(0xA, []));
                break;
            }
        }

        dialogue.Server.Advance(TimeSpan.FromSeconds(2));
        Assert.That(dialogue.Handler.Events, Does.Contain("pong:"));
        Assert.That(dialogue.Handler.CloseCount, Is.Zero);
    }

    [Test]
    public void Without_a_pong_timeout_a_silent_peer_is_pinged_again_and_again()
    {
        var dialogue = new Dialogue(options =>
        {
            options.PingInterval = TimeSpan.FromSeconds(3);
            options.PongTimeout = Timeout.InfiniteTimeSpan;
        });
        dialogue.Server.Advance(TimeSpan.FromSeconds(9.5));
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "9:", "9:", "9:" }));
    }

    [Test]
    public void Ping_sent_before_a_handler_was_busy_is_forgotten_when_it_is_done()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(
            options =>
            {
                options.PingInterval = TimeSpan.FromSeconds(3);
                options.PongTimeout = TimeSpan.FromSeconds(1);
            },
            onMessage: (_, _) => new ValueTask(gate.Task));
        dialogue.Server.Advance(TimeSpan.FromSeconds(3.1));
        dialogue.Send(Wire.Text("slow"));
        dialogue.Server.Advance(TimeSpan.FromSeconds(20));
        gate.SetResult();
        Assert.That(dialogue.Server.RunUntil(() => !dialogue.Socket.Connection.IsReceivePaused, TimeSpan.FromSeconds(5)), Is.True);
        dialogue.Server.Advance(TimeSpan.FromSeconds(0.5));
        Assert.That(dialogue.Handler.CloseCount, Is.Zero);
    }

    [Test]
    public void Peer_that_talks_is_not_pinged()
    {
        var dialogue = new Dialogue(options => options.PingInterval = TimeSpan.FromSeconds(2));
        for (int i = 0; i < 8; i++)
        {
            dialogue.Server.Advance(TimeSpan.FromSeconds(1));
            Assert.That(dialogue.Send(Wire.Text("x")), Is.EqualTo(new[] { "1:x" }));
        }
    }

    [Test]
    public void Busy_handler_is_no_reason_to_give_up_its_peer()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(onMessage: (_, _) => new ValueTask(gate.Task));
        dialogue.Send(Wire.Text("slow"), Wire.Frame(0xA, []));
        dialogue.Server.Advance(TimeSpan.FromSeconds(120));
        Assert.That(dialogue.Take(), Is.Empty);
        gate.SetResult();
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Handler.Events.Contains("pong:"), TimeSpan.FromSeconds(5)), Is.True);
        dialogue.Server.Advance(TimeSpan.FromSeconds(30.2));
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "9:" }));
    }

    [Test]
    public void Connection_without_messages_is_closed_by_the_idle_timeout_though_it_pongs()
    {
        var dialogue = new Dialogue(options =>
        {
            options.IdleTimeout = TimeSpan.FromSeconds(10);
            options.PingInterval = TimeSpan.FromSeconds(4);
        });
        dialogue.Server.Advance(TimeSpan.FromSeconds(5));
        dialogue.Send(Wire.Frame(0xA, []));
        dialogue.Server.Advance(TimeSpan.FromSeconds(4.2));
        dialogue.Send(Wire.Frame(0xA, []));
        dialogue.Server.Advance(TimeSpan.FromSeconds(1));
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "8:1001 idle" }));
    }

    [Test]
    public void MaxLifetime_ends_with_1001_within_its_last_tenth()
    {
        var dialogue = new Dialogue(options =>
        {
            options.MaxLifetime = TimeSpan.FromSeconds(100);
            options.PingInterval = Timeout.InfiniteTimeSpan;
        });
        dialogue.Server.Advance(TimeSpan.FromSeconds(89));
        Assert.That(dialogue.Take(), Is.Empty);
        dialogue.Server.Advance(TimeSpan.FromSeconds(11.2));
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "8:1001 lifetime is over" }));
    }
}
