namespace Engine.WebSockets.Tests;

/// <summary>The reading function: <c>await foreach</c> over a connection's messages.</summary>
[Category("Memory")]
public sealed class MessageReaderTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    [Test]
    public void Echo_loop_answers_every_message_and_closes_when_it_ends()
    {
        Task? served = null;
        (MemoryServer server, MemoryPeer peer, _) = Serve((socket, ct) => served = Echo(socket, ct));
        peer.Send([.. Wire.Text("a"), .. Wire.Frame(2, "b"u8), .. Wire.Text("c", fin: false), .. Wire.Frame(0, "d"u8)]);
        server.RunUntilIdle();
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "1:a", "2:b", "1:cd" }));
        peer.Send(Wire.Close(1000));
        peer.CloseSend();
        server.RunUntilIdle();
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "8:1000" }));
        Assert.That(served!.IsCompletedSuccessfully, Is.True);
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
    }

    [Test]
    public void Function_that_returns_closes_with_1000_and_one_that_throws_with_1011()
    {
        (MemoryServer server, MemoryPeer peer, _) = Serve(async (socket, ct) =>
        {
            await foreach (ReceivedMessage message in socket.ReadAllAsync(ct))
            {
                if (message.GetText() == "throw")
                {
                    throw new InvalidOperationException("boom");
                }

                return;
            }
        });
        peer.Send(Wire.Text("return"));
        server.RunUntilIdle();
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "8:1000" }));
        MemoryPeer second = server.Connect();
        second.Send(Wire.Text("throw"));
        server.RunUntilIdle();
        Assert.That(Wire.Read(second.TakeReceived()), Is.EqualTo(new[] { "8:1011 handler failed" }));
    }

    [Test]
    public void Function_that_does_not_ask_holds_back_its_peer_past_the_bound()
    {
        var gate = new TaskCompletionSource();
        List<string> seen = [];
        (MemoryServer server, MemoryPeer peer, Func<WebSocketConnection> socket) = Serve(async (connection, ct) =>
        {
            await foreach (ReceivedMessage message in connection.ReadAllAsync(ct))
            {
                seen.Add(message.GetText());
                await gate.Task;
            }
        }, maxUnreadBytes: 0);
        peer.Send([.. Wire.Text("1"), .. Wire.Text("2"), .. Wire.Text("3")]);
        server.RunUntilIdle();
        Assert.That(seen, Is.EqualTo(new[] { "1" }));
        Assert.That(socket().Connection.IsReceivePaused, Is.True, "the peer feels it");
        gate.SetResult();
        Assert.That(server.RunUntil(() => seen.Count == 3, Long), Is.True);
        Assert.That(seen, Is.EqualTo(new[] { "1", "2", "3" }));
    }

    [Test]
    public void Function_that_has_left_the_loop_reads_on_from_another_thread()
    {
        List<string> seen = [];
        (MemoryServer server, MemoryPeer peer, _) = Serve(async (socket, ct) =>
        {
            await foreach (ReceivedMessage message in socket.ReadAllAsync(ct).ConfigureAwait(false))
            {
                lock (seen)
                {
                    seen.Add(message.GetText());
                }

                await Task.Delay(1, CancellationToken.None).ConfigureAwait(false);
            }
        });
        for (int i = 0; i < 20; i++)
        {
            peer.Send(Wire.Text($"{i}"));
        }

        Assert.That(server.RunUntil(() => { lock (seen) { return seen.Count == 20; } }, Long), Is.True);
        Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 20).Select(i => $"{i}")));
        peer.Reset();
        Assert.That(server.RunUntil(() => server.Engine.ConnectionCount == 0, Long), Is.True);
    }

    [Test]
    public void Cancelled_read_ends_the_enumeration_and_not_the_connection()
    {
        using var cancel = new CancellationTokenSource();
        bool wasCancelled = false;
        var go = new TaskCompletionSource();
        (MemoryServer server, MemoryPeer peer, _) = Serve(async (socket, _) =>
        {
            try
            {
                await foreach (ReceivedMessage message in socket.ReadAllAsync(cancel.Token))
                {
                }
            }
            catch (OperationCanceledException)
            {
                wasCancelled = true;
                socket.TrySendText("still here");
                await go.Task;
            }
        });
        cancel.Cancel();
        Assert.That(server.RunUntil(() => peer.Received.Length > 0, Long), Is.True);
        Assert.That(wasCancelled, Is.True);
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "1:still here" }));
        go.SetResult();
        Assert.That(server.RunUntil(() => peer.Received.Length > 0, Long), Is.True);
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "8:1000" }));
    }

    [Test]
    public void Loop_that_was_left_is_followed_by_another_and_loses_nothing()
    {
        (MemoryServer server, MemoryPeer peer, _) = Serve(async (socket, ct) =>
        {
            await foreach (ReceivedMessage message in socket.ReadAllAsync(ct))
            {
                socket.TrySendText("first=" + message.GetText());
                break;
            }

            await foreach (ReceivedMessage message in socket.ReadAllAsync(ct))
            {
                socket.TrySendText("next=" + message.GetText());
                if (message.GetText() == "2")
                {
                    break;
                }
            }

            ReceivedMessage? last = await socket.ReceiveAsync(ct);
            socket.TrySendText("last=" + last!.Value.GetText());
        });
        peer.Send([.. Wire.Text("login"), .. Wire.Text("1"), .. Wire.Text("2"), .. Wire.Text("3")]);
        server.RunUntilIdle();
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "1:first=login", "1:next=1", "1:next=2", "1:last=3", "8:1000" }));
    }

    [Test]
    public void Function_that_never_reads_leaves_ping_and_close_answered_and_reads_what_came_before_the_end()
    {
        var gate = new TaskCompletionSource();
        List<string> seen = [];
        WebSocketClosure? closure = null;
        (MemoryServer server, MemoryPeer peer, _) = Serve(async (socket, _) =>
        {
            await gate.Task;
            while (await socket.ReceiveAsync(CancellationToken.None) is { } message)
            {
                seen.Add(message.GetText());
            }

            closure = socket.Closure;
        });
        peer.Send([.. Wire.Text("hi"), .. Wire.Frame(9, "p"u8), .. Wire.Close(3001, "bye")]);
        peer.CloseSend();
        server.RunUntilIdle();
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "10:p", "8:3001 bye" }));
        gate.SetResult();
        Assert.That(server.RunUntil(() => closure is not null, Long), Is.True);
        Assert.That(seen, Is.EqualTo(new[] { "hi" }));
        Assert.That(closure!.Value.Reason, Is.EqualTo("bye"));
    }

    [Test]
    public void Message_that_nobody_asked_for_is_not_assembled_past_the_bound()
    {
        var gate = new TaskCompletionSource();
        string? read = null;
        (MemoryServer server, MemoryPeer peer, Func<WebSocketConnection> socket) = Serve(async (connection, ct) =>
        {
            await gate.Task;
            read = (await connection.ReceiveAsync(ct))?.GetText();
        }, maxUnreadBytes: 10_000);
        string text = new('m', 100_000);
        peer.SendInPieces(Wire.Text(text), 1_000);
        server.RunUntilIdle();
        Assert.That(socket().Connection.IsReceivePaused, Is.True, "the peer feels it");
        gate.SetResult();
        Assert.That(server.RunUntil(() => read is not null, Long), Is.True);
        Assert.That(read, Is.EqualTo(text));
    }

    [Test]
    public void Reads_that_overlap_are_refused_and_a_cancelled_one_leaves_the_next_message_alone()
    {
        using var cancel = new CancellationTokenSource();
        Exception? overlap = null;
        bool wasCancelled = false;
        string? read = null;
        (MemoryServer server, MemoryPeer peer, _) = Serve(async (socket, ct) =>
        {
            Task<ReceivedMessage?> first = socket.ReceiveAsync(cancel.Token).AsTask();
            try
            {
                await socket.ReceiveAsync(ct);
            }
            catch (InvalidOperationException exception)
            {
                overlap = exception;
            }

            try
            {
                await first;
            }
            catch (OperationCanceledException)
            {
                wasCancelled = true;
            }

            read = (await socket.ReceiveAsync(ct))?.GetText();
        });
        server.RunUntilIdle();
        Assert.That(overlap, Is.Not.Null);
        cancel.Cancel();
        Assert.That(server.RunUntil(() => wasCancelled, Long), Is.True);
        peer.Send(Wire.Text("kept"));
        Assert.That(server.RunUntil(() => read is not null, Long), Is.True);
        Assert.That(read, Is.EqualTo("kept"));
    }

    [TestCase("Idle", "message", "Idle")]
    [TestCase("Idle", "ask", "Asked")]
    [TestCase("Idle", "closed", "Ended")]
    [TestCase("Idle", "stop", "Ended")]
    [TestCase("Idle", "cancel", "Idle")]
    [TestCase("Asked", "message", "Idle")]
    [TestCase("Asked", "cancel", "Idle")]
    [TestCase("Asked", "closed", "Ended")]
    [TestCase("Ended", "message", "Ended")]
    [TestCase("Ended", "ask", "Ended")]
    [TestCase("Ended", "closed", "Ended")]
    [TestCase("Ended", "stop", "Ended")]
    [TestCase("Ended", "cancel", "Ended")]
    public void Every_event_in_every_state_leads_where_the_table_says(string from, string happens, string to)
    {
        var dialogue = new Dialogue();
        var reader = new MessageReader(1_000);
        reader.Attach(dialogue.Socket.Connection);
        using var cancel = new CancellationTokenSource();
        dialogue.Socket.Post(
            _ =>
            {
                Do(from switch { "Asked" => "ask", "Ended" => "closed", _ => "" });
                Assert.That($"{reader.Stand}", Is.EqualTo(from));
                Do(happens);
            },
            null);
        dialogue.Server.RunUntilIdle();
        Assert.That($"{reader.Stand}", Is.EqualTo(to));

        void Do(string what)
        {
            switch (what)
            {
                case "ask":
                    _ = reader.ReceiveAsync(cancel.Token).AsTask().ContinueWith(static task => task.Exception, TaskScheduler.Default);
                    break;
                case "message":
                    _ = reader.OnMessage(new WebSocketMessage("x"u8, isText: true, assembler: null)).AsTask();
                    break;
                case "cancel":
                    cancel.Cancel();
                    break;
                case "closed":
                    reader.OnClosed();
                    break;
                case "stop":
                    reader.Stop();
                    break;
            }
        }
    }

    [Test]
    public void Connection_of_a_handler_has_no_messages_to_read()
    {
        var dialogue = new Dialogue();
        Assert.That(() => dialogue.Socket.ReadAllAsync(), Throws.InvalidOperationException);
    }

    private static async Task Echo(WebSocketConnection socket, CancellationToken ct)
    {
        await foreach (ReceivedMessage message in socket.ReadAllAsync(ct))
        {
            await socket.SendAsync(message, ct);
        }
    }

    private static (MemoryServer Server, MemoryPeer Peer, Func<WebSocketConnection> Socket) Serve(
        Func<WebSocketConnection, CancellationToken, Task> serve, int maxUnreadBytes = 65_536)
    {
        WebSocketConnection? last = null;
        var endpoint = new ReaderEndpoint<object?>(new WebSocketEndpointOptions { MaxUnreadBytes = maxUnreadBytes }, serve);
        var server = new MemoryServer(new ServerOptions(), connection =>
        {
            last = new WebSocketConnection<object?>(endpoint, connection, null, default, null) { Reader = new MessageReader(maxUnreadBytes) };
            return last.Protocol;
        });
        return (server, server.Connect(), () => last!);
    }
}
