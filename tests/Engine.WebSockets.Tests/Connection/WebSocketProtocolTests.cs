
namespace Engine.WebSockets.Tests;

/// <summary>Dialogues of one connection: frames in, frames out, by the numbers of RFC 6455.</summary>
[Category("Memory")]
public sealed class WebSocketProtocolTests
{
    [Test]
    public void Messages_of_one_receive_are_echoed_in_order_in_one_send()
    {
        var dialogue = new Dialogue();
        List<string> back = dialogue.Send([.. Enumerable.Range(0, 16).Select(i => Wire.Text($"m{i}"))]);
        Assert.That(back, Is.EqualTo(Enumerable.Range(0, 16).Select(i => $"1:m{i}")));
        Assert.That(dialogue.Peer.SendCount, Is.EqualTo(1));
    }

    [Test]
    public void Fragments_are_joined_with_pings_between_them_answered_at_once()
    {
        var dialogue = new Dialogue();
        Assert.That(dialogue.Send(Wire.Text("a", fin: false), Wire.Frame(9, "now"u8)), Is.EqualTo(new[] { "10:now" }));
        Assert.That(dialogue.Send(Wire.Frame(0, "b"u8, fin: false), Wire.Frame(0, "c"u8)), Is.EqualTo(new[] { "1:abc" }));
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open", "ping:now", "text:abc" }));
    }

    [Test]
    public void Whole_dialogue_is_the_same_byte_by_byte()
    {
        byte[] input =
        [
            .. Wire.Text("Hello"), .. Wire.Frame(2, new byte[300]), .. Wire.Text("\u00E9\u20AC", fin: false), .. Wire.Frame(9, []),
            .. Wire.Frame(0, "!"u8), .. Wire.Close(1000, "done"),
        ];
        var whole = new Dialogue();
        List<string> expected = whole.Send(input);
        Assert.That(expected, Has.Count.EqualTo(5));
        Assert.That(expected[^1], Is.EqualTo("8:1000 done"));
        for (int size = 1; size < 12; size++)
        {
            var pieces = new Dialogue();
            pieces.Peer.SendInPieces(input, size);
            pieces.Server.RunUntilIdle();
            Assert.That(pieces.Take(), Is.EqualTo(expected), $"pieces of {size}");
            Assert.That(pieces.Server.Engine.Metrics.RentedRemainders, Is.Zero);
        }
    }

    [Test]
    public void RFC6455_5_5_1_close_is_answered_with_its_code_and_the_server_ends_first()
    {
        var dialogue = new Dialogue();
        Assert.That(dialogue.Send(Wire.Close(3001, "later"), Wire.Text("ignored")), Is.EqualTo(new[] { "8:3001 later" }));
        Assert.That(dialogue.Peer.SawFin, Is.True);
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("3001 later clean Completed"));
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open", "close" }));
    }

    [Test]
    public void RFC6455_7_1_5_close_without_a_code_is_1005_and_none_at_all_is_1006()
    {
        var empty = new Dialogue();
        Assert.That(empty.Send(Wire.Frame(8, [])), Is.EqualTo(new[] { "8:" }));
        empty.Peer.CloseSend();
        empty.Server.RunUntilIdle();
        Assert.That(empty.Handler.Ended, Is.EqualTo("1005  clean Completed"));

        var gone = new Dialogue();
        gone.Peer.CloseSend();
        gone.Server.RunUntilIdle();
        Assert.That(gone.Handler.Ended, Is.EqualTo("1006  unclean PeerClosed"));

        var reset = new Dialogue();
        reset.Peer.Reset();
        reset.Server.RunUntilIdle();
        Assert.That(reset.Handler.Ended, Is.EqualTo("1006  unclean PeerReset"));
    }

    private static IEnumerable<TestCaseData> Violations()
    {
        yield return Case("RFC6455_5_2_rsv", "1002 reserved bits are set", Wire.Frame(1, "x"u8, rsv: 2));
        yield return Case("RFC6455_5_2_opcode", "1002 reserved opcode", Wire.Frame(11, "x"u8));
        yield return Case("RFC6455_5_1_unmasked", "1002 wrong masking", Wire.Frame(1, "x"u8, masked: false));
        yield return Case("RFC6455_5_4_orphan", "1002 continuation of nothing", Wire.Frame(0, "x"u8));
        yield return Case("RFC6455_5_5_1_one_byte", "1002 bad close payload", Wire.Frame(8, [3]));
        yield return Case("RFC6455_7_4_code", "1002 bad close code", Wire.Close(1005));
        yield return Case("RFC6455_8_1_text", "1007 text is not UTF-8", Wire.Frame(1, [0xC3, 0x28]));
        yield return Case("RFC6455_8_1_cut_code_point", "1007 text is not UTF-8", Wire.Frame(1, [0xC3]));
        yield return Case("RFC6455_8_1_close_reason", "1007 text is not UTF-8", Wire.Frame(8, [3, 0xE8, 0xFF]));
        yield return Case("MaxFrameBytes", "1009 frame too large", [0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]);
        yield return Case("MaxMessageBytes", "1009 message too large", [.. Wire.Frame(2, new byte[1_000], fin: false), .. Wire.Frame(0, new byte[1_001])]);
        yield return Case("MaxFragmentCount", "1008 too many fragments", [.. Wire.Text("", fin: false), .. Enumerable.Repeat(Wire.Frame(0, [], fin: false), 8).SelectMany(frame => frame)]);
    }

    [TestCaseSource(nameof(Violations))]
    public void Violation_gets_its_code_after_the_echoes_that_are_owed_and_nothing_reaches_the_handler(string expected, byte[] bad)
    {
        var dialogue = new Dialogue(options =>
        {
            options.MaxMessageBytes = 2_000;
            options.MaxFrameBytes = 2_000;
            options.MaxFragmentCount = 8;
        });
        List<string> back = dialogue.Send(Wire.Text("one"), Wire.Text("two"), bad, Wire.Text("never"));
        Assert.That(back, Is.EqualTo(new[] { "1:one", "1:two", "8:" + expected }));
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open", "text:one", "text:two", "close" }));
        Assert.That(dialogue.Handler.Ended, Does.StartWith(expected + " unclean"));
        Assert.That(dialogue.Server.Engine.Metrics.RentedRemainders + dialogue.Server.Engine.Metrics.RentedSegments, Is.Zero);
    }

    [TestCase("CEBAE1BDB9CF83CEBCCEB5", "F4908080", TestName = "Autobahn_6_4_3_bad_text_fails_while_its_frame_is_still_arriving")]
    [TestCase("CEBAE1BDB9CF83CEBCCEB5F4", "90", TestName = "Autobahn_6_4_4_bad_text_fails_with_the_byte_that_makes_it_bad")]
    public void Bad_text_fails_inside_of_its_frame(string good, string bad)
    {
        byte[] frame = Wire.Frame(1, Convert.FromHexString(good + bad + "656469746564"));
        int cut = 6 + (good.Length / 2);
        var dialogue = new Dialogue();
        Assert.That(dialogue.Send(frame[..cut]), Is.Empty);
        Assert.That(dialogue.Send(frame[cut..(cut + (bad.Length / 2))]), Is.EqualTo(new[] { "8:1007 text is not UTF-8" }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Messages_wait_for_an_asynchronous_OnOpen_and_its_failure_closes_with_1011(bool fails)
    {
        var gate = new TaskCompletionSource();
        var handler = new LateOpener(gate.Task);
        var endpoint = new HandlerEndpoint<int>(new WebSocketEndpointOptions(), handler);
        var server = new MemoryServer(new ServerOptions(), connection => new WebSocketConnection<int>(endpoint, connection, null, default, 0).Protocol);
        MemoryPeer peer = server.Connect();
        peer.Send(Wire.Text("early"));
        server.RunUntilIdle();
        Assert.That(handler.Events, Is.Empty);
        if (fails)
        {
            gate.SetException(new InvalidOperationException("boom"));
        }
        else
        {
            gate.SetResult();
        }

        string[] expected = fails ? ["error:boom"] : ["open", "early"];
        Assert.That(server.RunUntil(() => handler.Events.Count == expected.Length, TimeSpan.FromSeconds(5)), Is.True);
        Assert.That(handler.Events, Is.EqualTo(expected));
        if (fails)
        {
            server.RunUntilIdle();
            Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "8:1011 handler failed" }));
        }
    }

    [Test]
    public void Failed_handler_closes_with_1011_is_told_and_reported()
    {
        var dialogue = new Dialogue(onMessage: (_, _) => throw new InvalidOperationException("boom"));
        Assert.That(dialogue.Send(Wire.Text("x"), Wire.Text("y")), Is.EqualTo(new[] { "8:1011 handler failed" }));
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open", "text:x", "error:boom", "close" }));
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1011 handler failed unclean HandlerFailed"));
        Assert.That(dialogue.Faults, Has.Count.EqualTo(1));
    }

    [Test]
    public void Handler_that_is_not_done_holds_back_what_follows_and_keeps_the_order()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(onMessage: (socket, message) =>
        {
            string text = message.GetText();
            return text == "slow" ? new ValueTask(Later(socket, gate)) : socket.EchoAsync(message);
        });
        Assert.That(dialogue.Send(Wire.Text("first"), Wire.Text("slow"), Wire.Text("last"), Wire.Close(1000)), Is.EqualTo(new[] { "1:first" }));
        gate.SetResult();
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Peer.Received.Length > 12, TimeSpan.FromSeconds(5)), Is.True);
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "1:slow done", "1:last", "8:1000" }));

        static async Task Later(WebSocketConnection socket, TaskCompletionSource gate)
        {
            await gate.Task.ConfigureAwait(false);
            await socket.SendTextAsync("slow done");
        }
    }

    [Test]
    public void Task_that_fails_later_closes_with_1011()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(onMessage: (_, _) => new ValueTask(gate.Task));
        Assert.That(dialogue.Send(Wire.Text("x")), Is.Empty);
        gate.SetException(new InvalidOperationException("late"));
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Peer.SawFin, TimeSpan.FromSeconds(5)), Is.True);
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "8:1011 handler failed" }));
        Assert.That(dialogue.Handler.Events, Does.Contain("error:late"));
    }

    [Test]
    public void Peer_that_ends_while_a_handler_is_busy_is_read_to_its_end()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(onMessage: (socket, message) => message.GetText() == "slow" ? new ValueTask(gate.Task) : socket.EchoAsync(message));
        dialogue.Send(Wire.Text("slow"), Wire.Text("kept"), Wire.Close(1001, "bye"));
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.CloseCount, Is.Zero);
        gate.SetResult();
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Handler.CloseCount > 0, TimeSpan.FromSeconds(5)), Is.True);
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "1:kept", "8:1001 bye" }));
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1001 bye clean Completed"));
    }

    [Test]
    public void Handler_that_closes_and_never_ends_does_not_hold_up_the_closing_handshake()
    {
        var dialogue = new Dialogue(onMessage: (socket, _) =>
        {
            socket.Close();
            return new ValueTask(new TaskCompletionSource().Task);
        });
        Assert.That(dialogue.Send(Wire.Text("end"), Wire.Text("more")), Is.EqualTo(new[] { "8:1000" }));
        dialogue.Send(Wire.Close(1000));
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1000  clean Completed"));
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open", "text:end", "close" }));
    }

    [Test]
    public void Handler_that_is_busy_when_the_server_stops_does_not_hold_up_the_closing_handshake()
    {
        var dialogue = new Dialogue(onMessage: (_, _) => new ValueTask(new TaskCompletionSource().Task));
        dialogue.Send(Wire.Text("slow"), Wire.Text("held back"));
        _ = dialogue.Server.Engine.StopAsync(TimeSpan.FromSeconds(10));
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Peer.Received.Length > 0, TimeSpan.FromSeconds(5)), Is.True);
        dialogue.Send(Wire.Close(1001));
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1001  clean Completed"));
    }

    [Test]
    public void Peer_that_vanishes_while_a_handler_is_busy_is_1006()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(onMessage: (_, _) => new ValueTask(gate.Task));
        dialogue.Send(Wire.Text("slow"));
        dialogue.Peer.CloseSend();
        dialogue.Server.RunUntilIdle();
        gate.SetResult();
        Assert.That(dialogue.Server.RunUntil(() => !dialogue.Socket.Connection.IsReceivePaused, TimeSpan.FromSeconds(5)), Is.True);
        dialogue.Server.Advance(TimeSpan.FromMilliseconds(200));
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1006  unclean PeerClosed"));
    }

    [Test]
    public void Server_that_stops_says_1001()
    {
        var dialogue = new Dialogue();
        _ = dialogue.Server.Engine.StopAsync(TimeSpan.FromSeconds(10));
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Peer.Received.Length > 0, TimeSpan.FromSeconds(5)), Is.True);
        Assert.That(dialogue.Send(Wire.Close(1001)), Is.EqualTo(new[] { "8:1001 server stopping" }));
        dialogue.Peer.CloseSend();
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Handler.CloseCount > 0, TimeSpan.FromSeconds(5)), Is.True);
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1001  clean Completed"));
        Assert.That(dialogue.Server.Engine.ConnectionCount, Is.Zero);
    }

    [Test]
    public void Large_message_is_joined_from_pieces_and_echoed_whole([Values(65_536, 1 << 20, 16 << 20)] int size)
    {
        byte[] payload = new byte[size];
        new Random(size).NextBytes(payload);
        var dialogue = new Dialogue();
        dialogue.Peer.SendInPieces(Wire.Frame(2, payload), 60_000);
        dialogue.Server.RunUntilIdle();
        (int opcode, bool fin, bool rsv1, byte[] back) = Wire.ReadFrames(dialogue.Peer.TakeReceived()).Single();
        Assert.That((opcode, fin, rsv1), Is.EqualTo((2, true, false)));
        Assert.That(back.AsSpan().SequenceEqual(payload), Is.True);
    }

    [Test]
    public void Flood_of_pings_to_a_peer_that_does_not_read_is_bounded()
    {
        var dialogue = new Dialogue();
        dialogue.Peer.RoomBytes = 0;
        byte[] flood = [.. Enumerable.Repeat(Wire.Frame(9, new byte[125]), 1_000).SelectMany(frame => frame)];
        for (int i = 0; i < 20; i++)
        {
            dialogue.Peer.Send(flood);
            dialogue.Server.RunUntilIdle();
        }

        Assert.That(dialogue.Socket.BufferedAmount, Is.LessThanOrEqualTo(65_536 + 1_024));
        dialogue.Server.Advance(TimeSpan.FromSeconds(31));
        Assert.That(dialogue.Handler.Ended, Is.EqualTo("1006  unclean WriteTimeout"));
    }

    [Test]
    public void Idle_connection_rents_nothing()
    {
        var dialogue = new Dialogue();
        dialogue.Send(Wire.Text("a", fin: false), Wire.Frame(0, new byte[5_000]));
        Assert.That(dialogue.Server.Engine.Metrics.RentedSegments, Is.Zero);
        Assert.That(dialogue.Server.Engine.Metrics.RentedRemainders, Is.Zero);
    }

    [Test]
    public void Echo_allocates_nothing_in_steady_state()
    {
        // The protocol by itself, behind a connection and a peer whose buffers have grown to their size before.
        var dialogue = new Dialogue();
        byte[] frame = Wire.Frame(2, new byte[20]);
        byte[] copy = new byte[frame.Length];
        long allocated = -1;
        for (int round = 0; round < 3; round++)
        {
            dialogue.Socket.Post(_ =>
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 2_000; i++)
                {
                    frame.CopyTo(copy, 0);
                    dialogue.Echo.Protocol.OnReceived(dialogue.Socket.Connection, copy);
                }

                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }, null);
            dialogue.Server.RunUntilIdle();
            Assert.That(dialogue.Take(), Has.Count.EqualTo(2_000));
        }

        Assert.That(allocated, Is.Zero);
    }

    private static TestCaseData Case(string name, string expected, byte[] bad) => new TestCaseData(expected, bad).SetName(name);
}
