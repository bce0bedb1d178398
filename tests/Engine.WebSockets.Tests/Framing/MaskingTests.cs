namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class MaskingTests
{
    [Test]
    public void Every_length_and_alignment_equals_the_byte_by_byte_rule([Values(0, 1, 2, 3, 5, 31)] int offset)
    {
        byte[] key = [0x12, 0x34, 0x56, 0xF8];
        uint mask = BitConverter.ToUInt32(key);
        for (int length = 0; length <= 300; length++)
        {
            byte[] bytes = new byte[offset + length + 8];
            new Random(length).NextBytes(bytes);
            byte[] expected = (byte[])bytes.Clone();
            for (int i = 0; i < length; i++)
            {
                expected[offset + i] ^= key[i & 3];
            }

            uint next = Masking.Apply(bytes.AsSpan(offset, length), mask);
            Assert.That(bytes, Is.EqualTo(expected), $"length {length}");
            byte[] one = new byte[1];
            Masking.Apply(one, next);
            Assert.That(one[0], Is.EqualTo(key[length & 3]), $"key after {length}");
        }
    }

    [Test]
    public void Pieces_of_any_size_equal_the_whole()
    {
        var random = new Random(3);
        byte[] input = new byte[1_000];
        random.NextBytes(input);
        byte[] whole = (byte[])input.Clone();
        Masking.Apply(whole, 0xA1B2C3D4);
        for (int round = 0; round < 50; round++)
        {
            byte[] pieces = (byte[])input.Clone();
            uint mask = 0xA1B2C3D4;
            for (int at = 0; at < pieces.Length;)
            {
                int count = Math.Min(random.Next(0, 90), pieces.Length - at);
                mask = Masking.Apply(pieces.AsSpan(at, count), mask);
                at += count;
            }

            Assert.That(pieces, Is.EqualTo(whole));
        }
    }
}
