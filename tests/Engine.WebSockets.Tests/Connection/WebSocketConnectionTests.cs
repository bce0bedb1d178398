using System.Net.WebSockets;
using System.Text.Json.Serialization;
using Engine.TestKit;

namespace Engine.WebSockets.Tests;

[Category("Memory")]
public sealed partial class WebSocketConnectionTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    [Test]
    public void Every_kind_of_message_is_framed_and_leaves_in_one_send()
    {
        var dialogue = new Dialogue(onOpen: socket =>
        {
            Assert.That(socket.TrySendText("t\u00E9xt"), Is.EqualTo(SendStatus.Sent));
            socket.TrySendText("utf8"u8);
            socket.TrySendBinary([65, 66]);
            socket.TrySendJson(new Point(1, 2), PointContext.Default.Point);
            socket.TryPing("p"u8);
            using PreparedMessage prepared = PreparedMessage.Text("prepared");
            socket.TrySend(prepared);
            using WebSocketCork cork = socket.Cork();
            cork.AddText("c1");
            cork.AddBinary("c2"u8);
        });
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "1:t\u00E9xt", "1:utf8", "2:AB", "1:{\"X\":1,\"Y\":2}", "9:p", "1:prepared", "1:c1", "2:c2" }));
        Assert.That(dialogue.Peer.SendCount, Is.EqualTo(1));
    }

    [Test]
    public async Task Asynchronous_sends_complete_at_once_while_there_is_room()
    {
        var dialogue = new Dialogue();
        Assert.That(await dialogue.Socket.SendTextAsync("a"), Is.EqualTo(SendStatus.Sent));
        Assert.That(await dialogue.Socket.SendTextAsync("b"u8.ToArray()), Is.EqualTo(SendStatus.Sent));
        Assert.That(await dialogue.Socket.SendBinaryAsync("c"u8.ToArray()), Is.EqualTo(SendStatus.Sent));
        Assert.That(await dialogue.Socket.SendJsonAsync(new Point(3, 4), PointContext.Default.Point), Is.EqualTo(SendStatus.Sent));
        using PreparedMessage prepared = PreparedMessage.Binary(new byte[5_000]);
        Assert.That(await dialogue.Socket.SendAsync(prepared), Is.EqualTo(SendStatus.Sent));
        dialogue.Server.RunUntilIdle();
        List<string> frames = dialogue.Take();
        Assert.That(frames[..4], Is.EqualTo(new[] { "1:a", "1:b", "2:c", "1:{\"X\":3,\"Y\":4}" }));
        Assert.That(frames, Has.Count.EqualTo(5));
    }

    [Test]
    public void Pressure_is_told_and_drain_is_raised_once()
    {
        var dialogue = new Dialogue();
        dialogue.Peer.RoomBytes = 0;
        List<SendStatus> statuses = [];
        dialogue.Socket.Post(_ =>
        {
            for (int i = 0; i < 8; i++)
            {
                statuses.Add(dialogue.Socket.TrySendBinary(new byte[10_000]));
            }
        }, null);
        dialogue.Server.RunUntilIdle();
        Assert.That(statuses[..3], Is.All.EqualTo(SendStatus.Sent));
        Assert.That(statuses[3..6], Is.All.EqualTo(SendStatus.Queued));
        Assert.That(statuses[6..], Is.All.EqualTo(SendStatus.Dropped));
        Assert.That(dialogue.Socket.IsWritable, Is.False);
        Assert.That(dialogue.Socket.BufferedAmount, Is.EqualTo(6 * 10_004));
        dialogue.Peer.AddRoom(1 << 20);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Events.Count(e => e == "drain"), Is.EqualTo(1));
        Assert.That(dialogue.Take(), Has.Count.EqualTo(6));
    }

    [Test]
    public void Close_goes_behind_what_was_accepted_and_nothing_follows_it()
    {
        var dialogue = new Dialogue();
        dialogue.Socket.Post(_ =>
        {
            dialogue.Socket.TrySendText("before");
            dialogue.Socket.Close(WebSocketCloseStatus.NormalClosure, "done");
            Assert.That(dialogue.Socket.IsOpen, Is.False);
            Assert.That(dialogue.Socket.TrySendText("after"), Is.EqualTo(SendStatus.Closed));
            Assert.That(dialogue.Socket.TryPing(), Is.EqualTo(SendStatus.Closed));
            dialogue.Socket.Close((WebSocketCloseStatus)4000);
        }, null);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "1:before", "8:1000 done" }));
        Assert.That(dialogue.Send(Wire.Text("late, and thrown away"), Wire.Close(1000)), Is.Empty);
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open", "close" }));
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1000  clean Completed"));
    }

    [Test]
    public void Close_goes_behind_messages_that_wait_for_room()
    {
        var dialogue = new Dialogue();
        dialogue.Peer.RoomBytes = 10;
        ValueTask<SendStatus> big = default;
        dialogue.Socket.Post(_ =>
        {
            big = dialogue.Socket.SendBinaryAsync(new byte[200_000]);
            dialogue.Socket.Close();
        }, null);
        dialogue.Server.RunUntilIdle();
        Assert.That(big.IsCompleted, Is.False);
        while (!big.IsCompleted)
        {
            dialogue.Peer.AddRoom(50_000);
            dialogue.Server.RunUntilIdle();
        }

        dialogue.Peer.AddRoom(1_000_000);
        dialogue.Server.RunUntilIdle();
        List<(int Opcode, bool Fin, bool Rsv1, byte[] Payload)> frames = Wire.ReadFrames(dialogue.Peer.TakeReceived());
        Assert.That(frames.Select(frame => (frame.Opcode, frame.Payload.Length)), Is.EqualTo(new[] { (2, 200_000), (8, 2) }));
    }

    [Test]
    public void Peer_that_never_answers_close_is_reset_after_the_timeout()
    {
        var dialogue = new Dialogue(options => options.CloseTimeout = TimeSpan.FromSeconds(2));
        dialogue.Socket.Close();
        dialogue.Server.RunUntilIdle();
        dialogue.Server.Advance(TimeSpan.FromSeconds(1.5));
        Assert.That(dialogue.Handler.CloseCount, Is.Zero);
        dialogue.Server.Advance(TimeSpan.FromSeconds(1));
        Assert.That(dialogue.Peer.SawReset, Is.True);
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1006  unclean Timeout"));
    }

    [TestCase(1005, null, true)]
    [TestCase(1000, "ok", true)]
    [TestCase(4999, "", true)]
    [TestCase(1004, null, false)]
    [TestCase(1006, null, false)]
    [TestCase(1015, null, false)]
    [TestCase(2000, null, false)]
    [TestCase(999, null, false)]
    [TestCase(1005, "reason without code", false)]
    public void Close_takes_codes_that_may_be_sent(int code, string? reason, bool isAllowed)
    {
        var dialogue = new Dialogue();
        if (isAllowed)
        {
            dialogue.Socket.Close((WebSocketCloseStatus)code, reason);
        }
        else
        {
            Assert.That(() => dialogue.Socket.Close((WebSocketCloseStatus)code, reason), Throws.InstanceOf<ArgumentException>());
            Assert.That(dialogue.Socket.IsOpen, Is.True);
        }

        Assert.That(() => dialogue.Socket.Close(WebSocketCloseStatus.NormalClosure, new string('x', 124)), Throws.ArgumentException);
    }

    [Test]
    [CancelAfter(20_000)]
    public void Sends_of_many_threads_are_whole_and_in_each_threads_order_and_none_follows_the_close(CancellationToken cancellation)
    {
        var dialogue = new Dialogue();
        const int Threads = 4;
        int accepted = 0;
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(id => new Thread(() =>
        {
            for (int i = 0; i < 2_000 && !cancellation.IsCancellationRequested; i++)
            {
                SendStatus status = dialogue.Socket.TrySendText($"{id}:{i}");
                if (status == SendStatus.Closed)
                {
                    return;
                }

                if (status is SendStatus.Sent or SendStatus.Queued)
                {
                    Interlocked.Increment(ref accepted);
                }
                else
                {
                    i--;
                    Thread.Yield();
                }
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Peer.Received.Length > 20_000, Long), Is.True);
        dialogue.Socket.Close();
        Array.ForEach(threads, thread => thread.Join());
        dialogue.Server.RunUntilIdle();
        List<string> frames = dialogue.Take();
        Assert.That(frames[^1], Is.EqualTo("8:1000"));
        Assert.That(frames, Has.Count.EqualTo(accepted + 1));
        for (int id = 0; id < Threads; id++)
        {
            string prefix = $"1:{id}:";
            int[] numbers = [.. frames.Where(f => f.StartsWith(prefix, StringComparison.Ordinal)).Select(f => int.Parse(f[prefix.Length..], System.Globalization.CultureInfo.InvariantCulture))];
            Assert.That(numbers, Is.EqualTo(Enumerable.Range(0, numbers.Length)));
        }
    }

    [Test]
    public void Cork_from_another_thread_leaves_in_one_send()
    {
        var dialogue = new Dialogue();
        SendStatus status = default;
        ForeignThread.Run(() =>
        {
            using WebSocketCork cork = dialogue.Socket.Cork();
            for (int i = 0; i < 10; i++)
            {
                cork.AddText($"{i}");
            }

            status = cork.Send();
        });
        dialogue.Server.RunUntilIdle();
        Assert.That(status, Is.EqualTo(SendStatus.Sent));
        Assert.That(dialogue.Take(), Has.Count.EqualTo(10));
        Assert.That(dialogue.Peer.SendCount, Is.EqualTo(1));
    }

    [Test]
    public void Abort_resets_and_is_1006()
    {
        var dialogue = new Dialogue();
        dialogue.Socket.Abort();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Peer.SawReset, Is.True);
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1006  unclean Aborted"));
        Assert.That(dialogue.Socket.TrySendText("x"), Is.EqualTo(SendStatus.Closed));
    }

    [TestCase(BackpressurePolicy.DropNewest, "Dropped")]
    [TestCase(BackpressurePolicy.DropOldest, "Sent")]
    public void Endpoint_has_a_queue_and_a_policy_of_its_own(BackpressurePolicy policy, string answer)
    {
        var dialogue = new Dialogue(options => options.Connections = new ConnectionOptions { MaxOutboundBytes = 2_200, HighWaterBytes = 2_200, Backpressure = policy });
        Assert.That(dialogue.Socket.Connection.Options.MaxOutboundBytes, Is.EqualTo(2_200));
        dialogue.Peer.RoomBytes = 0;
        SendStatus third = SendStatus.Closed;
        dialogue.Socket.Post(
            _ =>
            {
                dialogue.Socket.TrySendBinary(new byte[900]);
                dialogue.Socket.TrySendBinary(new byte[1_000]);
                third = dialogue.Socket.TrySendBinary(new byte[1_100]);
            },
            null);
        dialogue.Server.RunUntilIdle();
        Assert.That($"{third}", Is.EqualTo(answer));
        dialogue.Peer.AddRoom(1 << 20);
        dialogue.Server.RunUntilIdle();
        int[] sizes = [.. Wire.ReadFrames(dialogue.Peer.TakeReceived()).Select(frame => frame.Payload.Length)];
        Assert.That(sizes, Is.EqualTo(policy == BackpressurePolicy.DropNewest ? new[] { 900, 1_000 } : [1_000, 1_100]));
    }

    [Test]
    public void Cancelled_send_leaves_no_byte_and_the_connection_goes_on()
    {
        var dialogue = new Dialogue();
        dialogue.Peer.RoomBytes = 0;
        using var cancel = new CancellationTokenSource();
        ValueTask<SendStatus> filler = dialogue.Socket.SendBinaryAsync(new byte[60_000]);
        dialogue.Server.RunUntilIdle();
        Assert.That(filler.IsCompleted, Is.True);
        Task<SendStatus> waiting = dialogue.Socket.SendTextAsync(new string('x', 30_000), cancellationToken: cancel.Token).AsTask();
        dialogue.Server.RunUntilIdle();
        cancel.Cancel();
        Assert.That(dialogue.Server.RunUntil(() => waiting.IsCompleted, Long), Is.True);
        Assert.That(waiting.IsCanceled, Is.True);
        dialogue.Peer.AddRoom(1 << 20);
        dialogue.Server.RunUntilIdle();
        dialogue.Socket.TrySendText("after");
        dialogue.Server.RunUntilIdle();
        Assert.That(Wire.ReadFrames(dialogue.Peer.TakeReceived()).Select(frame => frame.Payload.Length), Is.EqualTo(new[] { 60_000, 5 }));
    }

    internal sealed record Point(int X, int Y);

    [JsonSerializable(typeof(Point))]
    internal sealed partial class PointContext : JsonSerializerContext;
}
