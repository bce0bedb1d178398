using System.Globalization;
using System.Text;

namespace Engine.Http1.Tests;

/// <summary>Mutated requests through the parser: nothing escapes, nothing is read that was not sent, and every cut gives the same result.</summary>
public sealed class FuzzTests
{
    /// <summary>Inputs a run: 200,000 by default, as many as ENGINE_FUZZ_INPUTS says.</summary>
    private static int InputCount
        => int.TryParse(Environment.GetEnvironmentVariable("ENGINE_FUZZ_INPUTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 200_000;

    [Test]
    public void Mutated_heads_and_chunked_bodies_never_throw_and_do_not_depend_on_the_cut()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        byte[][] seeds = [.. RequestVectors.Accepted.Select(static vector => vector.Request).Concat(RequestVectors.Refused.Select(static vector => vector.Request)).Select(Encoding.Latin1.GetBytes)];
        HttpLimits limits = new HttpLimits { MaxRequestHeaderCount = 20 }.Freeze();
        var whole = new RequestHead();
        var cut = new RequestHead();
        for (int i = 0; i < InputCount; i++)
        {
            byte[] input = Mutate(seeds[random.Next(seeds.Length)], seeds, random);
            (bool isComplete, HttpRejection rejection, int length) = Parse(whole, [input], limits);
            int at = random.Next(input.Length + 1);
            Assert.That(Parse(cut, [input[..at], input[at..]], limits), Is.EqualTo((isComplete, rejection, length)), () => Describe(seed, input));
            if (isComplete)
            {
                Assert.That(length, Is.LessThanOrEqualTo(input.Length), () => Describe(seed, input));
                foreach (HeaderField field in whole.Fields)
                {
                    Assert.That(field.ValueStart + field.ValueLength, Is.LessThan(length), () => Describe(seed, input));
                }

                Assert.That(Decode([input[length..]], limits), Is.EqualTo(Decode([.. input[length..].Select(static value => (byte[])[value])], limits)), () => Describe(seed, input));
            }
        }
    }

    private static byte[] Mutate(byte[] original, byte[][] seeds, Random random)
    {
        var bytes = new List<byte>(original);
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(6))
            {
                case 0 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(at, " \t\r\n:;,\0\"0a\x7f\xff"u8[random.Next(13)]);
                    break;
                case 2 when at < bytes.Count:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    byte[] other = seeds[random.Next(seeds.Length)];
                    int start = random.Next(other.Length);
                    bytes.InsertRange(at, other[start..random.Next(start, other.Length)]);
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), random.Next(1, 40)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static (bool IsComplete, HttpRejection Rejection, int Length) Parse(RequestHead head, byte[][] pieces, HttpLimits limits)
    {
        head.Reset();
        byte[] all = [];
        HttpRejection rejection = HttpRejection.None;
        foreach (byte[] piece in pieces)
        {
            all = [.. all, .. piece];
            if (head.TryParse(all, limits, out rejection))
            {
                return (true, rejection, head.LengthBytes);
            }

            if (rejection != HttpRejection.None)
            {
                break;
            }
        }

        return (false, rejection, 0);
    }

    private static (string Data, bool IsDone, HttpRejection Rejection) Decode(byte[][] pieces, HttpLimits limits)
    {
        var decoder = default(ChunkedDecoder);
        var data = new StringBuilder();
        foreach (byte[] piece in pieces)
        {
            ReadOnlySpan<byte> rest = piece;
            while (!decoder.IsDone && decoder.TryRead(rest, limits, out ReadOnlySpan<byte> slice, out int consumed, out HttpRejection rejection) is var read)
            {
                if (rejection != HttpRejection.None)
                {
                    return (data.ToString(), false, rejection);
                }

                data.Append(Convert.ToHexString(slice));
                rest = rest[consumed..];
                if (!read)
                {
                    break;
                }
            }
        }

        return (data.ToString(), decoder.IsDone, HttpRejection.None);
    }

    private static string Describe(int seed, byte[] input) => $"seed {seed}, input {Convert.ToHexString(input)}";
}
