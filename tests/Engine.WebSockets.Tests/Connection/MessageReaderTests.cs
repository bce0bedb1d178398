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
    public void Function_that_does_not_ask_is_not_given_more_than_one_message()
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
        });
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

    private static (MemoryServer Server, MemoryPeer Peer, Func<WebSocketConnection> Socket) Serve(Func<WebSocketConnection, CancellationToken, Task> serve)
    {
        WebSocketConnection? last = null;
        var endpoint = new ReaderEndpoint(new WebSocketEndpointOptions(), serve);
        var server = new MemoryServer(new ServerOptions(), connection =>
        {
            last = new WebSocketConnection<MessageReader>(endpoint, connection, null, default, new MessageReader());
            return last.Protocol;
        });
        return (server, server.Connect(), () => last!);
    }
}
