namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class MessageBufferTests
{
    [Test]
    public void Bytes_survive_growth_and_memory_is_given_back()
    {
        var buffer = default(MessageBuffer);
        var expected = new List<byte>();
        for (int i = 0; i < 3_000; i++)
        {
            byte[] piece = [(byte)i, (byte)(i >> 8), 7];
            buffer.Append(piece);
            expected.AddRange(piece);
        }

        Assert.That(buffer.Written.SequenceEqual(expected.ToArray()), Is.True);
        buffer.Shorten(9_000 - 2);
        Assert.That(buffer.Written.ToArray(), Is.EqualTo(new byte[] { 0, 0 }));
        buffer.Return();
        Assert.That(buffer.LengthBytes, Is.Zero);
        Assert.That(buffer.Written.IsEmpty, Is.True);
    }
}
