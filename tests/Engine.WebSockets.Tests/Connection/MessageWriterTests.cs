namespace Engine.WebSockets.Tests;

[Category("Memory")]
public sealed class MessageWriterTests
{
    [Test]
    public void Streamed_message_is_sent_in_fragments_and_others_wait_for_its_end()
    {
        var dialogue = new Dialogue();
        SendStatus during = default;
        Task<SendStatus>? waiting = null;
        Task task = On(dialogue, async socket =>
        {
            await using MessageWriter writer = (await socket.StartMessageAsync(isText: true))!;
            await writer.WriteAsync("one "u8.ToArray());
            during = socket.TrySendText("between");
            socket.TryPing();
            waiting = socket.SendTextAsync("waits").AsTask();
            await writer.WriteAsync("two "u8.ToArray());
            await writer.CompleteAsync("three"u8.ToArray());
        });
        Assert.That(dialogue.Server.RunUntil(() => task.IsCompleted && waiting!.IsCompleted, TimeSpan.FromSeconds(5)), Is.True);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "1+:one ", "9:", "0+:two ", "0:three", "1:waits" }));
        Assert.That(during, Is.EqualTo(SendStatus.Dropped));
        Assert.That(dialogue.Handler.Events.Count(e => e == "drain"), Is.EqualTo(1));
    }

    [Test]
    public void Sender_that_tries_again_when_writable_waits_for_the_end_of_an_open_message()
    {
        var dialogue = new Dialogue();
        Task<MessageWriter?> open = dialogue.Socket.StartMessageAsync(isText: true).AsTask();
        Assert.That(dialogue.Server.RunUntil(() => open.IsCompleted, TimeSpan.FromSeconds(5)), Is.True);
        int tries = 0;
        Task task = On(dialogue, async socket =>
        {
            // On the loop: if the wait ended at once each time, nothing else would run there ever again.
            while (++tries < 1_000 && socket.TrySendText("at last") == SendStatus.Dropped)
            {
                await socket.WhenWritableAsync();
            }
        });
        dialogue.Server.RunUntilIdle();
        Assert.That((tries, task.IsCompleted), Is.EqualTo((1, false)));
        Task<SendStatus> end = open.Result!.CompleteAsync().AsTask();
        Assert.That(dialogue.Server.RunUntil(() => end.IsCompleted && task.IsCompleted, TimeSpan.FromSeconds(5)), Is.True);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "1:", "1:at last" }));
        Assert.That(tries, Is.EqualTo(2));
    }

    [Test]
    public void Second_writer_waits_for_the_first()
    {
        var dialogue = new Dialogue();
        Task[] tasks = [.. Enumerable.Range(0, 3).Select(i => On(dialogue, async socket =>
        {
            await using MessageWriter writer = (await socket.StartMessageAsync(isText: false))!;
            await writer.WriteAsync(new byte[] { (byte)('a' + i) });
            await Task.Yield();
            await writer.CompleteAsync();
        }))];
        Assert.That(dialogue.Server.RunUntil(() => tasks.All(task => task.IsCompletedSuccessfully), TimeSpan.FromSeconds(5)), Is.True);
        dialogue.Server.RunUntilIdle();
        List<string> frames = dialogue.Take();
        Assert.That(frames, Has.Count.EqualTo(6));
        for (int i = 0; i < 6; i += 2)
        {
            Assert.That(frames[i], Does.StartWith("2+:"));
            Assert.That(frames[i + 1], Is.EqualTo("0:"));
        }
    }

    [Test]
    public void Writer_from_another_thread_is_never_cut_by_the_loops_own_messages()
    {
        var dialogue = new Dialogue();
        var done = new TaskCompletionSource();
        ThreadPool.UnsafeQueueUserWorkItem(async _ =>
        {
            for (int i = 0; i < 50; i++)
            {
                await using MessageWriter writer = (await dialogue.Socket.StartMessageAsync(isText: true).ConfigureAwait(false))!;
                await writer.WriteAsync("x"u8.ToArray()).ConfigureAwait(false);
                await Task.Yield();
                await writer.CompleteAsync("y"u8.ToArray()).ConfigureAwait(false);
            }

            done.SetResult();
        }, null);
        long end = Environment.TickCount64 + 10_000;
        List<string> frames = [];
        while (!done.Task.IsCompleted && Environment.TickCount64 < end)
        {
            dialogue.Socket.Post(static socket => ((WebSocketConnection)socket!).TrySendText("chatter"), dialogue.Socket);
            dialogue.Server.RunUntilIdle();
            frames.AddRange(dialogue.Take());
        }

        Assert.That(done.Task.IsCompleted, Is.True);
        dialogue.Server.RunUntilIdle();
        frames.AddRange(dialogue.Take());
        Assert.That(frames.Count(frame => frame == "0:y"), Is.EqualTo(50));
        for (int i = 0; i < frames.Count; i++)
        {
            if (frames[i] == "1+:x")
            {
                Assert.That(frames[i + 1], Is.EqualTo("0:y"));
            }
        }
    }

    [Test]
    public void Fragments_are_never_dropped_by_a_policy_that_drops([Values(BackpressurePolicy.DropOldest, BackpressurePolicy.DropNewest)] BackpressurePolicy policy)
    {
        var dialogue = new Dialogue(configureServer: options => options.Connections.Backpressure = policy);
        dialogue.Peer.RoomBytes = 0;
        byte[] payload = new byte[500_000];
        new Random(9).NextBytes(payload);
        Task task = On(dialogue, async socket =>
        {
            await using MessageWriter writer = (await socket.StartMessageAsync(isText: false))!;
            for (int at = 0; at < payload.Length; at += 50_000)
            {
                await writer.WriteAsync(payload.AsMemory(at, 50_000));
            }

            await writer.CompleteAsync();
        });
        for (int i = 0; i < 2_000 && !task.IsCompleted; i++)
        {
            dialogue.Peer.AddRoom(3_000);
            dialogue.Server.RunUntil(() => true, TimeSpan.FromMilliseconds(1));
        }

        dialogue.Peer.AddRoom(1 << 20);
        Assert.That(dialogue.Server.RunUntil(() => task.IsCompleted && dialogue.Socket.BufferedAmount == 0, TimeSpan.FromSeconds(10)), Is.True);
        byte[] back = [.. Wire.ReadFrames(dialogue.Peer.TakeReceived()).SelectMany(frame => frame.Payload)];
        Assert.That(back.AsSpan().SequenceEqual(payload), Is.True);
    }

    [Test]
    public void Message_that_is_given_up_takes_the_connection_with_it()
    {
        var dialogue = new Dialogue();
        Task task = On(dialogue, async socket =>
        {
            await using MessageWriter writer = (await socket.StartMessageAsync(isText: true))!;
            await writer.WriteAsync("half"u8.ToArray());
        });
        Assert.That(dialogue.Server.RunUntil(() => task.IsCompleted, TimeSpan.FromSeconds(5)), Is.True);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "1+:half", "8:1011 message given up" }));
    }

    private static Task On(Dialogue dialogue, Func<WebSocketConnection, Task> work)
    {
        var done = new TaskCompletionSource();
        dialogue.Socket.Post(async _ =>
        {
            await work(dialogue.Socket);
            done.SetResult();
        }, null);
        return done.Task;
    }
}
