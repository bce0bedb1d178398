using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>Topics for applications that speak their own messages over WebSocket.</summary>
[Category("Memory")]
[CancelAfter(30_000)]
public sealed class WebSocketTopicsTests
{
    private static readonly DeflateAgreement NoTakeover = new(15, 15, false, false);
    private static readonly DeflateAgreement Takeover = new(15, 15, true, true);
    private static readonly string Sentence = string.Concat(Enumerable.Repeat("a sentence that comes again. ", 20));

    [Test]
    public void Published_message_reaches_the_other_subscribers_as_it_is()
    {
        var dialogue = new TopicDialogue();
        TopicDialogue.Member one = dialogue.Enter(), two = dialogue.Enter(), other = dialogue.Enter();
        one.Send(Wire.Text("+room"));
        two.Send(Wire.Text("+room"));
        one.Send(Wire.Text("room=hello"));
        Assert.That(two.Frames(), Is.EqualTo((string[])["1:hello"]));
        Assert.That(one.Frames(), Is.Empty, "all but the publisher");
        Assert.That(other.Frames(), Is.Empty);
        dialogue.Hub.Publish("room", [1, 2, 3]);
        Assert.That(one.Frames(), Is.EqualTo((string[])["2:\u0001\u0002\u0003"]));
        Assert.That(other.Socket.Publish("room", "from outside").Delivered, Is.EqualTo(2), "a publisher need not subscribe");
    }

    [Test]
    public void Connection_knows_its_topics()
    {
        var dialogue = new TopicDialogue();
        TopicDialogue.Member one = dialogue.Enter();
        Assert.That(one.Socket.Topics, Is.Empty);
        one.Send(Wire.Text("+a"), Wire.Text("+b"));
        Assert.That(one.Socket.Topics, Is.EquivalentTo((string[])["a", "b"]));
        Assert.That(one.Socket.IsSubscribed("a"), Is.True);
        one.Send(Wire.Text("-a"));
        Assert.That(one.Socket.IsSubscribed("a"), Is.False);
        Assert.That(one.Socket.Unsubscribe("a"), Is.False);
        Assert.That(dialogue.Hub.SubscriberCount("b"), Is.EqualTo(1));
    }

    [Test]
    public void Publications_of_one_turn_leave_in_one_send()
    {
        var dialogue = new TopicDialogue();
        TopicDialogue.Member one = dialogue.Enter(), two = dialogue.Enter();
        one.Send(Wire.Text("+a"), Wire.Text("+b"));
        int sends = one.Peer.SendCount;
        two.Send([.. Enumerable.Range(0, 20).Select(static i => Wire.Text($"{(i % 2 == 0 ? "a" : "b")}={i}"))]);
        Assert.That(one.Frames(), Has.Count.EqualTo(20));
        Assert.That(one.Peer.SendCount, Is.EqualTo(sends + 1));
    }

    [Test]
    public void Subscriptions_have_ended_before_OnClose()
    {
        var dialogue = new TopicDialogue();
        TopicDialogue.Member one = dialogue.Enter(), two = dialogue.Enter();
        int countAtClose = -1;
        bool wasSubscribed = true;
        SubscribeStatus late = default;
        one.Recorder.OnClose = socket =>
        {
            countAtClose = dialogue.Hub.SubscriberCount("room");
            wasSubscribed = socket.IsSubscribed("room");
            late = socket.Subscribe("room").Status;
            dialogue.Hub.Publish("room", "left");
        };
        one.Send(Wire.Text("+room"));
        two.Send(Wire.Text("+room"));
        one.Send(Wire.Close(1000));
        one.Peer.CloseSend();
        dialogue.Run();
        Assert.That((countAtClose, wasSubscribed, late), Is.EqualTo((1, false, SubscribeStatus.Closed)));
        Assert.That(two.Frames(), Is.EqualTo((string[])["1:left"]));
    }

    [Test]
    public void Closing_ends_the_subscriptions_at_once_in_any_callback()
    {
        var dialogue = new TopicDialogue();
        TopicDialogue.Member one = dialogue.Enter(), two = dialogue.Enter();
        one.Send(Wire.Text("+room"));
        two.Send(Wire.Text("+room"));
        int after = -1;
        one.Recorder.OnMessage = socket =>
        {
            socket.Publish("room", "last words");
            socket.Close();
            after = dialogue.Hub.SubscriberCount("room");
        };
        one.Send(Wire.Text("close yourself"));
        Assert.That(after, Is.EqualTo(1));
        Assert.That(one.Frames(), Is.EqualTo((string[])["8:1000"]));
        Assert.That(two.Frames(), Is.EqualTo((string[])["1:last words"]));
    }

    [Test]
    public void Slow_reader_gets_everything_when_it_reads_again_whatever_the_policy([Values] BackpressurePolicy policy)
    {
        var dialogue = new TopicDialogue(
            new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) },
            configureServer: options =>
            {
                options.Connections.Backpressure = policy;
                options.Connections.MaxOutboundBytes = 2_000;
            });
        TopicDialogue.Member slow = dialogue.Enter();
        slow.Send(Wire.Text("+s"));
        slow.Peer.RoomBytes = 0;
        for (int i = 0; i < 900; i++)
        {
            dialogue.Hub.Publish("s", $"message {i}");
            dialogue.Run();
        }

        Assert.That(slow.Socket.BufferedAmount, Is.LessThanOrEqualTo(2_000));
        slow.Peer.AddRoom(int.MaxValue);
        Assert.That(slow.Frames(), Is.EqualTo(Enumerable.Range(0, 900).Select(static i => $"1:message {i}")));
    }

    [Test]
    public void Reader_that_a_topic_has_overtaken_is_closed_unless_its_handler_does_better()
    {
        var dialogue = new TopicDialogue(
            new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = 10 } },
            configureServer: static options => options.Connections.MaxOutboundBytes = 1_024);
        TopicDialogue.Member plain = dialogue.Enter(), kind = dialogue.Enter();
        kind.Recorder.OnGap = static (socket, gap) => socket.TrySendText($"you missed {gap.MissedCount}");
        foreach (TopicDialogue.Member member in (TopicDialogue.Member[])[plain, kind])
        {
            member.Send(Wire.Text("+s"));
            member.Peer.RoomBytes = 0;
        }

        for (int i = 1; i <= 100; i++)
        {
            dialogue.Hub.Publish("s", $"{i} {new string('x', 80)}");
            dialogue.Run();
        }

        plain.Peer.AddRoom(int.MaxValue);
        kind.Peer.AddRoom(int.MaxValue);
        Assert.That(plain.Frames()[^1], Is.EqualTo("8:1013 messages of a topic were lost"));
        List<string> frames = kind.Frames();
        int told = frames.FindIndex(static frame => frame.Contains("missed", StringComparison.Ordinal));
        int lastBefore = int.Parse(frames[told - 1].Split(':', ' ')[1]);
        Assert.That(frames[told], Is.EqualTo($"1:you missed {90 - lastBefore}"));
        Assert.That(frames[(told + 1)..].Select(static frame => frame.Split(':', ' ')[1]), Is.EqualTo(Enumerable.Range(91, 10).Select(static i => $"{i}")), "what follows the loss follows the word of it");
    }

    [Test]
    public async Task Topics_go_on_behind_a_streamed_message()
    {
        var dialogue = new TopicDialogue(new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) });
        TopicDialogue.Member one = dialogue.Enter();
        one.Send(Wire.Text("+s"));
        MessageWriter writer = (await one.Socket.StartMessageAsync(isText: true))!;
        dialogue.Hub.Publish("s", "small");
        dialogue.Hub.Publish("s", new string('x', 100_000));
        Assert.That(one.Frames(), Is.Empty);
        await writer.WriteAsync("part"u8.ToArray());
        await writer.CompleteAsync();
        List<string> frames = one.Frames();
        Assert.That(frames[..3], Is.EqualTo((string[])["1+:part", "0:", "1:small"]));
        Assert.That(frames[3], Has.Length.EqualTo(100_002));
    }

    [Test]
    public void State_of_a_topic_comes_first_also_when_the_queue_is_full(
        [Values] BackpressurePolicy policy, [Values(100, 20_000)] int length)
    {
        string state = new('s', length);
        var dialogue = new TopicDialogue(
            new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { GetState = (_, _, _) => new ValueTask<TopicMessage>(new TopicMessage(state)) } },
            configureServer: options =>
            {
                options.Connections.Backpressure = policy;
                options.Connections.MaxOutboundBytes = 1_024;
            });
        TopicDialogue.Member one = dialogue.Enter();
        one.Peer.RoomBytes = 0;
        Assert.That(one.Socket.TrySendText(new string('f', 1_000)), Is.LessThan(SendStatus.Dropped));
        one.Send(Wire.Text("+s"));
        dialogue.Hub.Publish("s", "next");
        dialogue.Run();
        one.Peer.AddRoom(int.MaxValue);
        Assert.That(one.Frames()[1..], Is.EqualTo((string[])["1:" + state, "1:next"]));
    }

    [Test]
    public void Compressed_message_is_compressed_once_and_plain_for_those_who_cannot_share_it()
    {
        var dialogue = new TopicDialogue(configure: static options => options.Compression = new WebSocketCompressionOptions { ServerContextTakeover = true });
        TopicDialogue.Member packed = dialogue.Enter(NoTakeover), alike = dialogue.Enter(NoTakeover), history = dialogue.Enter(Takeover), plain = dialogue.Enter();
        TopicDialogue.Member[] all = [packed, alike, history, plain];
        Array.ForEach(all, static member => member.Send(Wire.Text("+room")));
        dialogue.Hub.Publish("room", Sentence);
        dialogue.Hub.Publish("room", new TopicMessage(Sentence) { NeverCompress = true });
        dialogue.Run();
        (int, bool, bool Rsv1, byte[] Payload)[] first = [.. all.Select(static member => Wire.ReadFrames(member.Peer.Received)[0])];
        Assert.That(first.Select(static frame => frame.Rsv1), Is.EqualTo(new[] { true, true, false, false }));
        Assert.That(first[0].Payload, Is.EqualTo(first[1].Payload));
        using var inflate = new InflateContext(15);
        Assert.That(DeflateContextTests.Inflate(inflate, first[0].Payload, out byte[] text), Is.EqualTo(WebSocketError.None));
        Assert.That(Encoding.UTF8.GetString(text), Is.EqualTo(Sentence));
        Assert.That(Wire.Read(packed.Peer.Received)[1], Is.EqualTo("1:" + Sentence), "a secret stays plain");
    }

    [Test]
    public void Endpoint_without_topics_says_so()
    {
        var dialogue = new TopicDialogue(configure: static options => options.Topics = null);
        TopicDialogue.Member one = dialogue.Enter();
        Assert.That(() => one.Socket.Subscribe("a"), Throws.InvalidOperationException);
        Assert.That(() => one.Socket.Publish("a", "x"), Throws.InvalidOperationException);
        Assert.That(one.Socket.Topics, Is.Empty);
    }

    [Test]
    public void Hub_reaches_the_sockets_of_a_topic_and_closes_them_with_a_code()
    {
        var dialogue = new TopicDialogue();
        TopicDialogue.Member one = dialogue.Enter(), two = dialogue.Enter();
        one.Send(Wire.Text("+room"));
        two.Send(Wire.Text("+room"));
        List<object?> visited = [];
        dialogue.Hub.ForEach("room", subscriber => visited.Add(subscriber.Peer));
        dialogue.Run();
        Assert.That(visited, Is.EquivalentTo((object[])[one.Socket, two.Socket]));
        dialogue.Hub.CloseAll("room", 4000, "over");
        Assert.That(one.Frames(), Is.EqualTo((string[])["8:4000 over"]));
        Assert.That(dialogue.Hub.SubscriberCount("room"), Is.Zero);
    }

    [Test]
    public void Members_of_a_topic_with_presence_are_published_beside_it()
    {
        var dialogue = new TopicDialogue(new TopicHubOptions
        {
            Default = new TopicOptions(TopicKind.Stream) { Presence = new PresenceOptions { Window = TimeSpan.FromMilliseconds(10) } },
        });
        TopicDialogue.Member one = dialogue.Enter();
        one.Socket.SetMember("ada", "{\"age\":36}"u8.ToArray());
        one.Send(Wire.Text("+room"));
        Assert.That(dialogue.Hub.MembersOf("room"), Is.EqualTo((string[])["ada"]));
        Assert.That(() => one.Socket.SetMember("eve"), Throws.InvalidOperationException);
    }

    [Test]
    public void Delivery_allocates_nothing_that_grows_with_the_subscribers([Values(1, 2_000)] int count)
    {
        var dialogue = new TopicDialogue();
        TopicDialogue.Member[] members = [.. Enumerable.Range(0, count).Select(_ => dialogue.Enter())];
        Array.ForEach(members, static member => member.Send(Wire.Text("+room")));
        byte[] payload = new byte[100];
        long allocated = long.MaxValue;
        for (int i = 0; i < 30; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            dialogue.Hub.Publish("room", payload);
            dialogue.Run();
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
            Array.ForEach(members, static member => member.Peer.Forget());
        }

        Assert.That(allocated, Is.LessThan(1024));
    }
}
