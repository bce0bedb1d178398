using System.IO.Pipelines;
using System.Text;

namespace Engine.Http1.Tests;

/// <summary>Responses that go on, connections that change their protocol, and a server that stops.</summary>
public sealed class ResponseStreamTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Test]
    public void A_stream_sends_each_piece_at_once_and_ends_with_the_handler()
    {
        ResponseStream? stream = null;
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            stream = context.Response.StartStream();
            Assert.That(() => context.Response.WriteAsync("x"), Throws.InvalidOperationException);
            await gate.Task;
        }));
        dialogue.Send(Get + Get);
        Assert.That(dialogue.Take(), Is.EqualTo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
        Assert.That(stream!.TrySend("one"u8), Is.EqualTo(SendStatus.Sent));
        dialogue.Run();
        Assert.That(dialogue.Take(), Is.EqualTo("3\r\none\r\n"));
        ResponseStream first = stream;
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => !ReferenceEquals(first, stream)), Is.True);
        Assert.That(dialogue.Take(), Does.StartWith("0\r\n\r\nHTTP/1.1 200 OK"));
        Assert.That(first.TrySend("late"u8), Is.EqualTo(SendStatus.Closed));
        Assert.That(first.Closed.IsCancellationRequested, Is.True);
    }

    [Test]
    public void A_stream_is_told_when_its_peer_goes()
    {
        var ended = new TaskCompletionSource();
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            ResponseStream stream = context.Response.StartStream();
            try
            {
                await Task.Delay(Timeout.Infinite, stream.Closed);
            }
            finally
            {
                ended.SetResult();
            }
        }));
        dialogue.Send(Get);
        dialogue.Peer.CloseSend();
        dialogue.RunUntil(() => dialogue.Engine.ConnectionCount == 0 && ended.Task.IsCompleted);
        Assert.That(ended.Task.IsCompleted, Is.True);
        Assert.That(dialogue.Errors, Is.Empty);
    }

    [Test]
    public void A_stream_for_a_peer_that_has_gone_meanwhile_is_over_when_it_begins()
    {
        var gate = new TaskCompletionSource();
        ResponseStream? stream = null;
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            await gate.Task;
            stream = context.Response.StartStream();
            await Task.Delay(Timeout.Infinite, stream.Closed);
        }));
        dialogue.Send(Get);
        dialogue.Peer.CloseSend();
        dialogue.Run();
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => dialogue.Engine.ConnectionCount == 0), Is.True);
        Assert.That(stream!.IsOpen, Is.False);
        Assert.That(dialogue.Errors, Is.Empty);
    }

    [Test]
    public void A_stream_cannot_begin_behind_a_plain_response_nor_the_other_way_round()
    {
        var dialogue = new Dialogue(static server => server.MapGet("/", static async context =>
        {
            await context.Response.WriteAsync("x");
            Assert.That(() => context.Response.StartStream(), Throws.InvalidOperationException);
        }));
        dialogue.Send(Get);
        Assert.That(dialogue.Errors, Is.Empty);
        Assert.That(dialogue.Take(), Does.EndWith("\r\n\r\nx"));
    }

    [Test]
    public void RFC_9110_7_8_an_upgrade_hands_over_the_connection_and_the_bytes_behind_the_request([Values] bool isAsync)
    {
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            if (isAsync)
            {
                await Task.Yield();
            }

            context.Response.Headers.Set("X-Extra", "1");
            context.Upgrade!.Accept("Echo", new EchoSuccessor());
        }));
        dialogue.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: other, echo\r\n\r\nfirst ");
        dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("first"u8) >= 0);
        dialogue.Send("second");
        string answer = dialogue.Take();
        Assert.That(answer, Is.EqualTo("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: Echo\r\nX-Extra: 1\r\n\r\nfirst second"));
    }

    [Test]
    public void A_successor_may_hand_the_connection_on_as_pipes_when_it_starts()
    {
        var dialogue = new Dialogue(static server => server.MapGet("/", static context =>
        {
            context.Upgrade!.Accept("raw", new PipingSuccessor());
            return default;
        }));
        dialogue.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\nleft ");
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("left "u8) >= 0), Is.True);
        dialogue.Send("then sent");
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("sent"u8) >= 0), Is.True);
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 101 ").And.EndsWith("\r\n\r\nleft then sent"));
    }

    [Test]
    public void RFC_9110_5_3_two_Upgrade_fields_are_one_list()
    {
        string answer = Dialogue.Ask(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nUpgrade: echo\r\n\r\n",
            static server => server.MapGet("/", static context => context.Response.WriteAsync($"{context.Upgrade!.HasToken("echo")} {context.Upgrade.Protocols}")));
        Assert.That(answer, Does.EndWith("True h2c, echo"));
    }

    [Test]
    public void RFC_9110_7_8_an_upgrade_may_be_refused_with_any_response_and_is_not_offered_where_it_must_be_ignored()
    {
        static void Map(HttpServer server) => server.Map("*", "/", static context =>
        {
            context.Response.StatusCode = context.Upgrade is null ? 200 : 403;
            return context.Response.WriteAsync("answer");
        });
        Assert.That(Dialogue.Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", Map), Does.StartWith("HTTP/1.1 403 "));
        Assert.That(Dialogue.Ask("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n", Map), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Dialogue.Ask("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", Map), Does.StartWith("HTTP/1.1 200 "));
    }

    [Test]
    public void A_stop_lets_running_requests_finish_with_close_and_ends_idle_connections()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            await gate.Task;
            await context.Response.WriteAsync("done");
        }));
        MemoryPeer busy = dialogue.Peer;
        dialogue.Send(Get);
        dialogue.Connect();
        Task stopping = dialogue.Engine.StopAsync(TimeSpan.FromMinutes(1));
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.SawFin), Is.True);
        dialogue.Peer.CloseSend();
        Assert.That(busy.SawFin, Is.False);
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => busy.SawFin), Is.True);
        Assert.That(Encoding.Latin1.GetString(busy.TakeReceived()), Does.Contain("Connection: close\r\n").And.EndWith("done"));
        busy.CloseSend();
        dialogue.RunUntil(() => dialogue.Engine.ConnectionCount == 0);
        Assert.That(dialogue.Engine.ConnectionCount, Is.Zero);
        Assert.That(stopping.IsFaulted, Is.False);
    }

    [Test]
    public void What_was_told_before_an_upgrade_completed_is_told_to_the_successor_behind_the_bytes_that_were_left([Values] bool isStop)
    {
        var gate = new TaskCompletionSource();
        var successor = new RecordingSuccessor();
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            await gate.Task;
            context.Upgrade!.Accept("x", successor);
        }));
        dialogue.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nleft");
        if (isStop)
        {
            _ = dialogue.Engine.StopAsync(TimeSpan.FromMinutes(1));
        }
        else
        {
            dialogue.Peer.CloseSend();
        }

        dialogue.Run();
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.SawFin), Is.True);
        Assert.That(successor.Told, Is.EqualTo(new[] { "started", "left", isStop ? "stopping" : "peer closed" }));
    }

    [Test]
    public void A_stream_that_begins_after_the_stop_did_is_asked_to_end_at_once()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            await gate.Task;
            ResponseStream stream = context.Response.StartStream();
            Assert.That(stream.IsOpen, Is.True, "what it has to say can still be said");
            await Task.Delay(Timeout.Infinite, stream.Closed);
        }));
        dialogue.Send(Get);
        _ = dialogue.Engine.StopAsync(TimeSpan.FromMinutes(1));
        dialogue.Run();
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.SawFin), Is.True);
        Assert.That(dialogue.Take(), Does.EndWith("0\r\n\r\n<FIN>"));
        Assert.That(dialogue.Errors, Is.Empty);
    }

    [Test]
    public void A_stream_that_begins_after_its_peer_reset_the_connection_is_over_from_the_beginning()
    {
        var gate = new TaskCompletionSource();
        bool? wasOpen = null;
        bool ended = false;
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            await gate.Task;
            ResponseStream stream = context.Response.StartStream();
            wasOpen = stream.IsOpen;
            try
            {
                await Task.Delay(Timeout.Infinite, stream.Closed);
            }
            finally
            {
                ended = true;
            }
        }));
        dialogue.Send(Get);
        dialogue.Peer.Reset();
        dialogue.Run();
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => ended), Is.True);
        Assert.That(wasOpen, Is.False);
        Assert.That(dialogue.Errors, Is.Empty);
    }

    private sealed class RecordingSuccessor : ConnectionProtocol
    {
        public List<string> Told { get; } = [];

        protected internal override void OnStarted(Connection connection) => Told.Add("started");

        protected internal override int OnReceived(Connection connection, Span<byte> bytes)
        {
            Told.Add(Encoding.Latin1.GetString(bytes));
            return bytes.Length;
        }

        protected internal override void OnPeerClosed(Connection connection)
        {
            Told.Add("peer closed");
            base.OnPeerClosed(connection);
        }

        protected internal override void OnStopping(Connection connection)
        {
            Told.Add("stopping");
            base.OnStopping(connection);
        }
    }

    /// <summary>Echoes through pipes, which take its place; it must receive nothing itself.</summary>
    private sealed class PipingSuccessor : ConnectionProtocol
    {
        protected internal override void OnStarted(Connection connection)
        {
            IDuplexPipe pipe = connection.AsDuplexPipe();
            _ = pipe.Input.CopyToAsync(pipe.Output);
        }

        protected internal override int OnReceived(Connection connection, Span<byte> bytes) => throw new InvalidOperationException("It has handed the connection on.");
    }

    private sealed class EchoSuccessor : ConnectionProtocol
    {
        protected internal override int OnReceived(Connection connection, Span<byte> bytes)
        {
            connection.TrySend(bytes);
            return bytes.Length;
        }
    }
}
