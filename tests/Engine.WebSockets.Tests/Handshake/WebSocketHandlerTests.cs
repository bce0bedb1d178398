namespace Engine.WebSockets.Tests;

/// <summary>The shapes that a handler may have.</summary>
[Category("Memory")]
public sealed class WebSocketHandlerTests
{
    [Test]
    public void Message_of_an_async_handler_lives_until_its_task_completes()
    {
        var handler = new AsyncHandler();
        (MemoryServer server, MemoryPeer peer) = Start(handler);
        peer.Send([.. Wire.Text("one"), .. Wire.Text("t", fin: false), .. Wire.Frame(0, "wo"u8)]);
        server.RunUntilIdle();
        Assert.That(handler.Seen, Is.EqualTo(new[] { "one" }), "the second waits for the first");
        handler.Go.SetResult();
        Assert.That(server.RunUntil(() => peer.Received.Length >= 22, TimeSpan.FromSeconds(5)), Is.True);
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "1:one after", "1:two after" }));
        Assert.That(() => handler.Last.Data, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Exception_behind_an_await_ends_the_connection_with_1011()
    {
        var handler = new AsyncHandler();
        (MemoryServer server, MemoryPeer peer) = Start(handler);
        peer.Send(Wire.Text("fail"));
        server.RunUntilIdle();
        handler.Go.SetResult();
        Assert.That(server.RunUntil(() => peer.SawFin, TimeSpan.FromSeconds(5)), Is.True);
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "1:fail after", "8:1011 handler failed" }));
        Assert.That(() => handler.Last.Data, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Async_handler_that_completes_at_once_allocates_nothing()
    {
        (MemoryServer server, MemoryPeer peer) = Start(new QuickHandler());
        byte[] burst = [.. Enumerable.Repeat(Wire.Text("hello"), 50).SelectMany(frame => frame)];
        long allocated = long.MaxValue;
        for (int round = 0; round < 20; round++)
        {
            peer.Send(burst);
            long before = GC.GetAllocatedBytesForCurrentThread();
            server.RunUntilIdle();
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.That(Wire.Read(peer.TakeReceived()), Has.Count.EqualTo(50));
        }

        Assert.That(allocated, Is.LessThan(500), "for fifty messages: the in-memory transport's own");
    }

    private static (MemoryServer Server, MemoryPeer Peer) Start(WebSocketHandler<int> handler)
    {
        var endpoint = new HandlerEndpoint<int>(new WebSocketEndpointOptions(), handler);
        var server = new MemoryServer(new ServerOptions(), connection => new WebSocketConnection<int>(endpoint, connection, null, default, 0).Protocol);
        return (server, server.Connect());
    }

    private sealed class AsyncHandler : WebSocketHandler<int>
    {
        public TaskCompletionSource Go { get; } = new();

        public List<string> Seen { get; } = [];

        public ReceivedMessage Last { get; private set; }

        public override async ValueTask OnMessageAsync(WebSocketConnection<int> socket, ReceivedMessage message)
        {
            Seen.Add(message.GetText());
            Last = message;
            await Go.Task;
            await socket.SendTextAsync($"{message.GetText()} after");
            if (message.GetText() == "fail")
            {
                throw new InvalidOperationException("as the test wants it");
            }
        }
    }

    private sealed class QuickHandler : WebSocketHandler<int>
    {
        public override async ValueTask OnMessageAsync(WebSocketConnection<int> socket, ReceivedMessage message)
        {
            await Task.CompletedTask;
            socket.TrySendText(message.Data.Span);
        }
    }
}
