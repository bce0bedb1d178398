using System.Diagnostics;
using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>Dialogues with permessage-deflate agreed on.</summary>
[Category("Memory")]
public sealed class CompressionTests
{
    private static readonly DeflateAgreement NoTakeover = new(15, 15, false, false);
    private static readonly DeflateAgreement Takeover = new(15, 15, true, true);
    private static readonly byte[] Sentence = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a sentence that comes again. ", 20)));

    [Test]
    public void Compressed_messages_are_inflated_and_echoed_compressed([Values] bool takeover, [Values(0, 1, 600)] int length)
    {
        Dialogue dialogue = Make(takeover ? Takeover : NoTakeover);
        using var deflate = new DeflateContext(15, 6);
        using var inflate = new InflateContext(15);
        for (int i = 0; i < 5; i++)
        {
            byte[] message = Sentence[..Math.Min(length, Sentence.Length)];
            byte[] packed = DeflateContextTests.Compress(deflate, message, keepHistory: takeover);
            dialogue.Peer.Send(Wire.Frame(1, packed, rsv: 4));
            dialogue.Server.RunUntilIdle();
            (int opcode, bool _, bool rsv1, byte[] payload) = Wire.ReadFrames(dialogue.Peer.TakeReceived()).Single();
            Assert.That((opcode, rsv1), Is.EqualTo((1, length >= 256)));
            if (rsv1)
            {
                if (!takeover)
                {
                    inflate.Reset();
                }

                Assert.That(DeflateContextTests.Inflate(inflate, payload, out payload), Is.EqualTo(WebSocketError.None));
            }

            Assert.That(payload, Is.EqualTo(message));
        }
    }

    [Test]
    public void Long_message_is_compressed_in_slices_that_hold_nobody_up([Values] bool takeover)
    {
        Dialogue dialogue = Make(takeover ? Takeover : NoTakeover);
        byte[] message = new byte[6 << 20];
        new Random(1).NextBytes(message.AsSpan(0, 3 << 20));
        var whole = new Stopwatch();
        using (var context = new DeflateContext(15, 6))
        {
            whole.Start();
            DeflateContextTests.Compress(context, message, keepHistory: false);
            whole.Stop();
        }

        var called = new Stopwatch();
        Task<SendStatus>? sent = null;
        dialogue.Socket.Post(
            _ =>
            {
                called.Start();
                sent = dialogue.Socket.SendBinaryAsync(message).AsTask();
                called.Stop();
                _ = dialogue.Socket.SendTextAsync("behind").AsTask();
                dialogue.Socket.Close(3_000, "after both");
            },
            null);
        Assert.That(dialogue.Server.RunUntil(() => sent is { IsCompleted: true } && dialogue.Socket.BufferedAmount == 0, TimeSpan.FromSeconds(20)), Is.True);
        dialogue.Server.RunUntilIdle();
        Assert.That(called.Elapsed, Is.LessThan(whole.Elapsed / 4), "the call compresses one slice");
        List<(int Opcode, bool Fin, bool Rsv1, byte[] Payload)> frames = Wire.ReadFrames(dialogue.Peer.TakeReceived());
        List<(int Opcode, bool Fin, bool Rsv1, byte[] Payload)> big = [.. frames.Take(frames.FindIndex(frame => frame.Fin) + 1)];
        Assert.That(big, Has.Count.EqualTo(48));
        Assert.That(big.Select(frame => frame.Rsv1), Is.EqualTo(big.Select((_, i) => i == 0)));
        using var inflate = new InflateContext(15);
        Assert.That(DeflateContextTests.Inflate(inflate, [.. big.SelectMany(frame => frame.Payload)], out byte[] back), Is.EqualTo(WebSocketError.None));
        Assert.That(back.AsSpan().SequenceEqual(message), Is.True);
        Assert.That(frames[^1].Opcode, Is.EqualTo(8), "the close frame follows what was accepted before");
    }

    [Test]
    public void Corked_messages_are_compressed_unless_a_history_is_kept([Values] bool takeover)
    {
        Dialogue dialogue = Make(takeover ? Takeover : NoTakeover);
        using (WebSocketCork cork = dialogue.Socket.Cork())
        {
            cork.AddText(Sentence);
            cork.AddText(Sentence, compress: false);
            cork.AddText(Encoding.UTF8.GetString(Sentence));
            cork.AddBinary([1]);
        }

        dialogue.Server.RunUntilIdle();
        List<(int Opcode, bool Fin, bool Rsv1, byte[] Payload)> frames = Wire.ReadFrames(dialogue.Peer.TakeReceived());
        Assert.That(frames.Select(frame => frame.Rsv1), Is.EqualTo(new[] { !takeover, false, !takeover, false }));
        if (!takeover)
        {
            using var inflate = new InflateContext(15);
            Assert.That(DeflateContextTests.Inflate(inflate, frames[2].Payload, out byte[] text), Is.EqualTo(WebSocketError.None));
            Assert.That(text, Is.EqualTo(Sentence));
        }
    }

    [Test]
    public void Fragments_of_a_compressed_message_are_inflated_as_they_arrive()
    {
        Dialogue dialogue = Make(NoTakeover);
        using var deflate = new DeflateContext(15, 6);
        byte[] packed = DeflateContextTests.Compress(deflate, Sentence, keepHistory: false);
        dialogue.Peer.SendInPieces([.. Wire.Frame(1, packed.AsSpan(0, 3), fin: false, rsv: 4), .. Wire.Frame(0, [], fin: false), .. Wire.Frame(0, packed.AsSpan(3))], 5);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Events[^1], Is.EqualTo($"text:{Sentence.Length} bytes"));
    }

    [Test]
    public void Plain_and_opted_out_messages_are_sent_plain_and_do_not_disturb_the_history()
    {
        Dialogue dialogue = Make(Takeover);
        using var inflate = new InflateContext(15);
        dialogue.Socket.Post(_ =>
        {
            dialogue.Socket.TrySendText(Sentence);
            dialogue.Socket.TrySendText(Sentence, compress: false);
            using PreparedMessage prepared = PreparedMessage.Text(Sentence);
            dialogue.Socket.TrySend(prepared);
            dialogue.Socket.TrySendText(Sentence);
        }, null);
        dialogue.Server.RunUntilIdle();
        List<(int, bool, bool Rsv1, byte[] Payload)> frames = Wire.ReadFrames(dialogue.Peer.TakeReceived());
        Assert.That(frames.Select(frame => frame.Rsv1), Is.EqualTo(new[] { true, false, false, true }));
        Assert.That(frames[3].Payload, Has.Length.LessThan(frames[0].Payload.Length));
        foreach ((int _, bool _, bool rsv1, byte[] payload) in frames)
        {
            byte[] message = payload;
            Assert.That(!rsv1 || DeflateContextTests.Inflate(inflate, payload, out message) == WebSocketError.None, Is.True);
            Assert.That(message, Is.EqualTo(Sentence));
        }
    }

    [Test]
    public void Prepared_message_is_compressed_once_for_all_who_can_read_it()
    {
        Dialogue dialogue = Make(NoTakeover);
        using PreparedMessage prepared = PreparedMessage.Text(Sentence);
        SharedSegment made = prepared.SegmentFor(dialogue.Socket);
        Assert.That(prepared.SegmentFor(dialogue.Socket), Is.SameAs(made));
        dialogue.Socket.TrySend(prepared);
        dialogue.Server.RunUntilIdle();
        (int _, bool _, bool rsv1, byte[] payload) = Wire.ReadFrames(dialogue.Peer.TakeReceived()).Single();
        using var inflate = new InflateContext(15);
        Assert.That(rsv1, Is.True);
        Assert.That(DeflateContextTests.Inflate(inflate, payload, out byte[] message), Is.EqualTo(WebSocketError.None));
        Assert.That(message, Is.EqualTo(Sentence));
    }

    [Test]
    public void Message_dropped_for_lack_of_room_is_not_referred_to_by_the_next()
    {
        Dialogue dialogue = Make(Takeover);
        dialogue.Peer.RoomBytes = 0;
        byte[] noise = new byte[40_000];
        new Random(2).NextBytes(noise);
        List<SendStatus> statuses = [];
        dialogue.Socket.Post(_ =>
        {
            statuses.Add(dialogue.Socket.TrySendBinary(noise));
            statuses.Add(dialogue.Socket.TrySendBinary(noise.AsSpan(1)));
            statuses.Add(dialogue.Socket.TrySendBinary([.. noise.AsSpan(100, 300), .. new byte[40_000]]));
        }, null);
        dialogue.Server.RunUntilIdle();

        // The second shrinks to almost nothing by referring to the first, so all fit; then noise that fits no more.
        byte[] other = new byte[60_000];
        new Random(3).NextBytes(other);
        dialogue.Socket.Post(_ =>
        {
            statuses.Add(dialogue.Socket.TrySendBinary(other));
            statuses.Add(dialogue.Socket.TrySendBinary(other.AsSpan(0, 5_000)));
        }, null);
        dialogue.Server.RunUntilIdle();
        Assert.That(statuses[^2], Is.EqualTo(SendStatus.Dropped));
        Assert.That(statuses[^1], Is.Not.EqualTo(SendStatus.Dropped));
        dialogue.Peer.AddRoom(1 << 20);
        dialogue.Server.RunUntilIdle();
        using var inflate = new InflateContext(15);
        byte[] last = [];
        foreach ((int _, bool _, bool _, byte[] payload) in Wire.ReadFrames(dialogue.Peer.TakeReceived()))
        {
            Assert.That(DeflateContextTests.Inflate(inflate, payload, out last), Is.EqualTo(WebSocketError.None));
        }

        Assert.That(last.AsSpan().SequenceEqual(other.AsSpan(0, 5_000)), Is.True);
    }

    [Test]
    public void Bomb_of_1000_to_1_is_refused_with_1009_and_bounded_memory()
    {
        Dialogue dialogue = Make(NoTakeover);
        using var deflate = new DeflateContext(15, 9);
        byte[] bomb = DeflateContextTests.Compress(deflate, new byte[100 << 20], keepHistory: false);
        Assert.That(bomb, Has.Length.LessThan(200_000));
        Assert.That(dialogue.Send(Wire.Frame(2, bomb, rsv: 4))[^1], Does.StartWith("8:1009"));
        Assert.That(dialogue.Handler.Events, Is.EqualTo(new[] { "open" }));
    }

    [Test]
    public void Sixteen_mebibytes_of_zeros_are_an_honest_message()
    {
        Dialogue dialogue = Make(NoTakeover);
        using var deflate = new DeflateContext(15, 6);
        dialogue.Peer.Send(Wire.Frame(2, DeflateContextTests.Compress(deflate, new byte[16 << 20], keepHistory: false), rsv: 4));
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Handler.Events[^1], Is.EqualTo($"binary:{16 << 20} bytes"));
        Assert.That(dialogue.Server.RunUntil(() => dialogue.Peer.Received.Length > 16_000 && dialogue.Socket.BufferedAmount == 0, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(Wire.ReadFrames(dialogue.Peer.TakeReceived())[0].Rsv1, Is.True);
    }

    [Test]
    public void Bad_deflate_and_bad_text_inside_of_it_get_1007()
    {
        Assert.That(Make(NoTakeover).Send(Wire.Frame(1, [0xFF, 0xFF, 0xFF], rsv: 4)), Is.EqualTo(new[] { "8:1007 bad compressed data" }));
        using var deflate = new DeflateContext(15, 6);
        byte[] packed = DeflateContextTests.Compress(deflate, [0x41, 0xC3, 0x28], keepHistory: false);
        Assert.That(Make(NoTakeover).Send(Wire.Frame(1, packed, rsv: 4)), Is.EqualTo(new[] { "8:1007 text is not UTF-8" }));
    }

    [Test]
    public void Takeover_gives_its_memory_back_when_idle_and_goes_on_with_a_new_history()
    {
        Dialogue dialogue = Make(Takeover);
        using var inflate = new InflateContext(15);
        int[] lengths = new int[3];
        for (int i = 0; i < 3; i++)
        {
            dialogue.Socket.Post(_ => dialogue.Socket.TrySendText(Sentence), null);
            dialogue.Server.RunUntilIdle();
            byte[] payload = Wire.ReadFrames(dialogue.Peer.TakeReceived()).Single(frame => frame.Opcode == 1).Payload;
            lengths[i] = payload.Length;
            Assert.That(DeflateContextTests.Inflate(inflate, payload, out byte[] message), Is.EqualTo(WebSocketError.None));
            Assert.That(message, Is.EqualTo(Sentence));
            if (i == 1)
            {
                dialogue.Server.Advance(TimeSpan.FromSeconds(31));
                dialogue.Send(Wire.Frame(0xA, []));
            }
        }

        Assert.That(lengths[1], Is.LessThan(lengths[0]));
        Assert.That(lengths[2], Is.EqualTo(lengths[0]));
    }

    private static Dialogue Make(DeflateAgreement agreement)
        => new(options => options.Compression = new WebSocketCompressionOptions { ServerContextTakeover = agreement.SendTakeover, ClientContextTakeover = agreement.ReceiveTakeover }, deflate: agreement);
}
