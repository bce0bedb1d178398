using System.IO.Compression;
using System.Text;
using Engine.TestKit;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class InflateContextTests
{
    [TestCase("F248CDC9C90700", TestName = "RFC7692_7_2_3_1_one_block")]
    [TestCase("000500FAFF48656C6C6F00", TestName = "RFC7692_7_2_3_3_stored_block")]
    [TestCase("F348CDC9C9070000", TestName = "RFC7692_7_2_3_4_block_marked_as_the_last")]
    [TestCase("F24805000000FFFFCAC9C90700", TestName = "RFC7692_7_2_3_5_two_blocks")]
    public void Examples_of_the_RFC_inflate_however_cut(string hex)
    {
        string text = EverySplit.Of(Convert.FromHexString(hex), pieces =>
        {
            using var inflate = new InflateContext(15);
            var output = default(MessageBuffer);
            for (int i = 0; i < pieces.Count; i++)
            {
                Assert.That(inflate.Inflate(pieces[i], i == pieces.Count - 1, ref output, 100, 0), Is.EqualTo(WebSocketError.None));
            }

            string inflated = Encoding.UTF8.GetString(output.Written);
            output.Return();
            return inflated;
        });
        Assert.That(text, Is.EqualTo("Hello"));
    }

    [Test]
    public void Second_example_message_refers_to_the_first_when_the_context_is_kept()
    {
        // RFC 7692 §7.2.3.2: the second "Hello" is a reference to the first.
        using var inflate = new InflateContext(15);
        DeflateContextTests.Inflate(inflate, Convert.FromHexString("F248CDC9C90700"), out _);
        Assert.That(DeflateContextTests.Inflate(inflate, Convert.FromHexString("F200110000"), out byte[] second), Is.EqualTo(WebSocketError.None));
        Assert.That(Encoding.UTF8.GetString(second), Is.EqualTo("Hello"));
        inflate.Reset();
        Assert.That(DeflateContextTests.Inflate(inflate, Convert.FromHexString("F200110000"), out _), Is.EqualTo(WebSocketError.BadDeflate));
    }

    [Test]
    public void Message_at_the_limit_passes_and_one_byte_more_is_refused([Values(1, 255, 256, 257, 65_536, 1_000_000)] int limit)
    {
        using var deflate = new DeflateContext(15, 6);
        using var inflate = new InflateContext(15);
        Assert.That(DeflateContextTests.Inflate(inflate, DeflateContextTests.Compress(deflate, new byte[limit], false), out byte[] whole, limit), Is.EqualTo(WebSocketError.None));
        Assert.That(whole, Has.Length.EqualTo(limit));
        inflate.Reset();
        Assert.That(DeflateContextTests.Inflate(inflate, DeflateContextTests.Compress(deflate, new byte[limit + 1], false), out byte[] cut, limit), Is.EqualTo(WebSocketError.MessageTooLarge));
        Assert.That(cut, Has.Length.EqualTo(limit + 1), "no more than one byte above the limit is ever made");
    }

    [Test]
    public void Bomb_is_refused_by_its_ratio_before_its_size()
    {
        using var packed = new MemoryStream();
        using (var zip = new DeflateStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (int i = 0; i < 64; i++)
            {
                zip.Write(new byte[1 << 20]);
            }
        }

        using var inflate = new InflateContext(15);
        var output = default(MessageBuffer);
        Assert.That(inflate.Inflate(packed.ToArray(), true, ref output, 1 << 30, maxRatio: 100), Is.EqualTo(WebSocketError.InflationRatio));
        Assert.That(output.LengthBytes, Is.LessThan(InflateContext.RatioFreeBytes + (40 << 20)));
        output.Return();
    }

    [Test]
    public void Garbage_is_refused_and_never_throws()
    {
        var random = new Random(5);
        using var inflate = new InflateContext(15);
        using var deflate = new DeflateContext(15, 6);
        byte[] good = DeflateContextTests.Compress(deflate, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 200))), false);
        int refused = 0;
        for (int i = 0; i < 5_000; i++)
        {
            byte[] input = (byte[])good.Clone();
            input[random.Next(input.Length)] ^= (byte)(1 << random.Next(8));
            refused += DeflateContextTests.Inflate(inflate, input, out _) == WebSocketError.None ? 0 : 1;
            inflate.Reset();
        }

        Assert.That(refused, Is.GreaterThan(100));
        Assert.That(DeflateContextTests.Inflate(inflate, [0xFF, 0xFF, 0xFF], out _), Is.EqualTo(WebSocketError.BadDeflate));
    }
}
