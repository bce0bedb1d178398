using System.Net.WebSockets;

namespace Engine.WebSockets.Tests;

/// <summary>The close frame arrives whatever the queue's policy, the peer's is answered, and nothing happens after the end.</summary>
[Category("Memory")]
public sealed class WebSocketEndTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    [TestCase(BackpressurePolicy.DropNewest)]
    [TestCase(BackpressurePolicy.DropOldest)]
    [TestCase(BackpressurePolicy.Disconnect)]
    public void Close_frame_goes_out_behind_a_full_queue_under_every_policy(BackpressurePolicy policy)
    {
        var dialogue = new Dialogue(configureServer: options => options.Connections.Backpressure = policy, onMessage: (socket, _) =>
        {
            int max = socket.Connection.Options.MaxOutboundBytes;
            while (socket.BufferedAmount + 1_004 <= max)
            {
                socket.TrySendBinary(new byte[1_000]);
            }

            socket.Close(1001, "bye");
            return ValueTask.CompletedTask;
        });
        dialogue.Peer.RoomBytes = 0;
        dialogue.Send(Wire.Text("go"));
        Assert.That(dialogue.Handler.CloseCount, Is.Zero);
        dialogue.Peer.AddRoom(int.MaxValue);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Take()[^1], Is.EqualTo("8:1001 bye"));
        dialogue.Send(Wire.Close(1001));
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1001  clean Completed"));
    }

    [Test]
    public void Close_frame_that_waits_behind_messages_is_sent_when_the_peers_crosses_it()
    {
        var dialogue = new Dialogue(onMessage: (socket, message) =>
        {
            for (int i = 0; i < 20; i++)
            {
                _ = socket.SendBinaryAsync(new byte[60_000], compress: message.IsText).AsTask();
            }

            socket.Close(WebSocketCloseStatus.EndpointUnavailable, "bye");
            return ValueTask.CompletedTask;
        });
        dialogue.Peer.RoomBytes = 1_000;
        dialogue.Peer.Send(Wire.Text("go"));
        dialogue.Server.RunUntilIdle();
        dialogue.Peer.Send(Wire.Close(1000));
        dialogue.Server.RunUntilIdle();
        dialogue.Peer.AddRoom(int.MaxValue);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Take()[^1], Is.EqualTo("8:1001 bye"));
    }

    [Test]
    public void Slow_reader_gets_the_close_frame_though_it_takes_longer_than_the_close_timeout()
    {
        var dialogue = new Dialogue(options => options.CloseTimeout = TimeSpan.FromSeconds(2), onMessage: (socket, _) =>
        {
            socket.TrySendBinary(new byte[30_000]);
            socket.Close();
            return ValueTask.CompletedTask;
        });
        dialogue.Peer.RoomBytes = 0;
        dialogue.Peer.Send(Wire.Text("go"));
        dialogue.Server.RunUntilIdle();
        for (int i = 0; i < 10; i++)
        {
            dialogue.Peer.AddRoom(4_000);
            dialogue.Server.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(dialogue.Take()[^1], Is.EqualTo("8:1000"));
        Assert.That(dialogue.Peer.SawReset, Is.False);
        dialogue.Server.Advance(TimeSpan.FromSeconds(5));
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1006  unclean Timeout"), "it answers nothing");
    }

    [Test]
    public void Handler_chooses_its_answer_to_the_peers_close()
    {
        var dialogue = new Dialogue();
        dialogue.Handler.Answer = asked => new WebSocketCloseAnswer((WebSocketCloseStatus)4001, "after " + asked.Reason);
        Assert.That(dialogue.Send(Wire.Close(3001, "later")), Is.EqualTo(new[] { "8:4001 after later" }));
        var bad = new Dialogue();
        bad.Handler.Answer = _ => new WebSocketCloseAnswer((WebSocketCloseStatus)1006);
        Assert.That(bad.Send(Wire.Close(3001)), Is.EqualTo(new[] { "8:1011 handler failed" }));
    }

    [Test]
    public void Code_of_ones_own_needs_no_cast_and_is_checked()
    {
        var dialogue = new Dialogue();
        Assert.That(() => dialogue.Socket.Close(999), Throws.InstanceOf<ArgumentException>());
        dialogue.Socket.Close(4321, "mine");
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "8:4321 mine" }));
    }

    [Test]
    public void Message_after_an_abort_is_not_delivered()
    {
        var dialogue = new Dialogue(onMessage: (socket, _) =>
        {
            socket.Abort();
            return ValueTask.CompletedTask;
        });
        dialogue.Send(Wire.Text("one"), Wire.Text("two"), Wire.Text("three"));
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open", "text:one", "close" }));
    }

    [Test]
    public void Handler_that_fails_after_the_end_is_told_by_the_engine_alone()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(onMessage: (_, _) => new ValueTask(gate.Task));
        dialogue.Send(Wire.Text("slow"));
        dialogue.Peer.Reset();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.CloseCount, Is.EqualTo(1));
        gate.SetException(new InvalidOperationException("late"));
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Faults.Count == 1, Long), Is.True);
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open", "text:slow", "close" }));
    }

    [Test]
    public void Closure_is_told_by_the_connection_once_it_has_ended()
    {
        var dialogue = new Dialogue();
        Assert.That(dialogue.Socket.Closure, Is.Null);
        dialogue.Send(Wire.Close(3001, "later"));
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Socket.Closure, Is.EqualTo(dialogue.Handler.Closure));
        Assert.That(dialogue.Socket.Closure!.Value.Reason, Is.EqualTo("later"));
    }

    [Test]
    public void Sends_behind_an_open_message_end_with_the_connection()
    {
        var dialogue = new Dialogue();
        Task<MessageWriter?> open = dialogue.Socket.StartMessageAsync(isText: true).AsTask();
        Assert.That(dialogue.Server.RunUntil(() => open.IsCompleted, Long), Is.True);
        Task<SendStatus> text = dialogue.Socket.SendTextAsync("behind").AsTask();
        Task<MessageWriter?> second = dialogue.Socket.StartMessageAsync(isText: true).AsTask();
        dialogue.Peer.Reset();
        Assert.That(dialogue.Server.RunUntil(() => text.IsCompleted && second.IsCompleted, Long), Is.True);
        Assert.That(text.Result, Is.EqualTo(SendStatus.Closed));
        Assert.That(second.Result, Is.Null);
    }
}
