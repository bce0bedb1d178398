using System.Text;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class DeflateContextTests
{
    [Test]
    public void Round_trip_with_every_window_and_both_takeovers([Range(9, 15)] int bits, [Values] bool takeover, [Values(1, 6, 9)] int level)
    {
        using var deflate = new DeflateContext(bits, level);
        using var inflate = new InflateContext(bits);
        var random = new Random(bits);
        for (int i = 0; i < 30; i++)
        {
            byte[] message = Message(random, i == 0 ? 0 : random.Next(200_000));
            byte[] packed = Compress(deflate, message, takeover);
            if (!takeover)
            {
                inflate.Reset();
            }

            Assert.That(Inflate(inflate, packed, out byte[] back), Is.EqualTo(WebSocketError.None), $"message {i}");
            Assert.That(back.AsSpan().SequenceEqual(message), Is.True, $"message {i}");
        }
    }

    [Test]
    public void Message_without_takeover_stands_for_itself_and_one_with_it_gets_shorter()
    {
        byte[] message = Encoding.UTF8.GetBytes("a sentence that comes again, a sentence that comes again");
        using var kept = new DeflateContext(15, 6);
        using var fresh = new DeflateContext(15, 6);
        int first = Compress(kept, message, keepHistory: true).Length;
        Assert.That(Compress(kept, message, keepHistory: true), Has.Length.LessThan(first));
        byte[] one = Compress(fresh, message, keepHistory: false);
        Assert.That(Compress(fresh, message, keepHistory: false), Is.EqualTo(one));
    }

    [Test]
    public void Empty_message_is_the_byte_of_RFC7692_7_2_3_6()
    {
        using var deflate = new DeflateContext(15, 6);
        Assert.That(Compress(deflate, [], keepHistory: true), Is.EqualTo(new byte[] { 0 }));
    }

    [Test]
    public void Dropped_message_is_never_referred_to_again()
    {
        byte[] message = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("history that the peer never saw ", 20)));
        using var deflate = new DeflateContext(15, 6);
        Compress(deflate, message, keepHistory: true);
        deflate.ForgetHistory();
        using var inflate = new InflateContext(15);
        Assert.That(Inflate(inflate, Compress(deflate, message, keepHistory: true), out byte[] back), Is.EqualTo(WebSocketError.None));
        Assert.That(back, Is.EqualTo(message));
    }

    [Test]
    public void Output_that_ends_at_the_border_of_the_buffer_is_whole()
    {
        using var deflate = new DeflateContext(15, 6);
        using var inflate = new InflateContext(15);
        var random = new Random(1);
        for (int length = 900; length < 1_100; length++)
        {
            byte[] message = new byte[length];
            random.NextBytes(message);
            Assert.That(Inflate(inflate, Compress(deflate, message, keepHistory: true), out byte[] back), Is.EqualTo(WebSocketError.None));
            Assert.That(back.AsSpan().SequenceEqual(message), Is.True, $"length {length}");
        }
    }

    private static byte[] Message(Random random, int length)
    {
        byte[] message = new byte[length];
        for (int i = 0; i < length; i++)
        {
            message[i] = i > 600 && random.Next(4) != 0 ? message[i - random.Next(1, 600)] : (byte)random.Next(64);
        }

        return message;
    }

    internal static byte[] Compress(DeflateContext context, ReadOnlySpan<byte> message, bool keepHistory)
    {
        var output = default(MessageBuffer);
        context.Compress(message, ref output, keepHistory);
        byte[] packed = output.Written.ToArray();
        output.Return();
        return packed;
    }

    internal static WebSocketError Inflate(InflateContext context, byte[] packed, out byte[] message, long max = 1 << 24)
    {
        var output = default(MessageBuffer);
        WebSocketError error = context.Inflate(packed, isMessageEnd: true, ref output, max, maxRatio: 0);
        message = output.Written.ToArray();
        output.Return();
        return error;
    }
}
