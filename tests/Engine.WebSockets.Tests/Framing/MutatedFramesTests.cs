namespace Engine.WebSockets.Tests;

/// <summary>
/// Frames with bytes changed, lost, doubled and cut, through decoder, inflater and UTF-8 check: each ends in a verdict, never in an exception or a loop that does
/// not advance, and a message never grows past its limit.
/// </summary>
[Category("Pure")]
public sealed class MutatedFramesTests
{
    private const int MaxMessageBytes = 4_096;

    private static readonly FrameRules Rules = new() { IsMaskExpected = true, MaxFrameBytes = 2_048, MaxMessageBytes = MaxMessageBytes, MaxFragmentCount = 16 };

    [Test]
    public void Mutated_frames_end_in_a_verdict() => Run(count: 20_000, seed: 1);

    [Test]
    [Explicit("Ten million inputs take minutes.")]
    public void Ten_million_mutated_frames_end_in_a_verdict() => Run(count: 10_000_000, seed: Environment.TickCount);

    private static void Run(int count, int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var contexts = new DeflateContextPool(6);
        using var deflate = new DeflateContext(15, 6);
        byte[][] corpus = MakeCorpus(deflate);
        var rules = new AssemblyRules(MaxMessageBytes, 100, contexts);
        byte[] input = new byte[16_384];
        int rejected = 0;
        for (int i = 0; i < count; i++)
        {
            int length = Mutate(random, corpus, input);
            rejected += Feed(random, input.AsSpan(0, length), rules) ? 1 : 0;
        }

        Assert.That(rejected, Is.GreaterThan(count / 20).And.LessThan(count));
    }

    private static byte[][] MakeCorpus(DeflateContext deflate) =>
    [
        Wire.Text("h\u00E9llo, w\u00F6rld"),
        [.. Wire.Text("frag", fin: false), .. Wire.Frame(9, "ping"u8), .. Wire.Frame(0, "ment"u8)],
        Wire.Frame(2, new byte[300]),
        Wire.Close(1000, "bye"),
        Wire.Frame(1, DeflateContextTests.Compress(deflate, new byte[2_000], keepHistory: false), rsv: 4),
        [.. Wire.Frame(2, DeflateContextTests.Compress(deflate, [.. Enumerable.Range(0, 900).Select(i => (byte)(i * i))], keepHistory: false), rsv: 4), .. Wire.Text("x")],
    ];

    private static int Mutate(Random random, byte[][] corpus, byte[] input)
    {
        int length = 0;
        for (int parts = random.Next(1, 4); parts > 0; parts--)
        {
            byte[] part = corpus[random.Next(corpus.Length)];
            part.CopyTo(input, length);
            length += part.Length;
        }

        for (int changes = random.Next(0, 6); changes > 0 && length > 1; changes--)
        {
            int at = random.Next(length);
            switch (random.Next(4))
            {
                case 0:
                    input[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    input[at] = (byte)random.Next(256);
                    break;
                case 2:
                    input.AsSpan(at + 1, length - at - 1).CopyTo(input.AsSpan(at));
                    length--;
                    break;
                default:
                    length = at + 1;
                    break;
            }
        }

        return length;
    }

    /// <summary>As the protocol does, in pieces of random lengths. Whether the input was rejected.</summary>
    private static bool Feed(Random random, Span<byte> input, AssemblyRules rules)
    {
        var decoder = new FrameDecoder(isCompressionAllowed: true);
        var assembler = default(MessageAssembler);
        int start = 0;
        int end = 0;
        bool isRejected = false;
        while (end < input.Length && !isRejected)
        {
            end = Math.Min(input.Length, end + random.Next(1, 200));
            while (!isRejected)
            {
                FrameStep step = decoder.Read(input[start..end], Rules, out FrameSlice slice);
                if (step == FrameStep.NeedMore)
                {
                    break;
                }

                start += slice.ConsumedBytes;
                isRejected = step switch
                {
                    FrameStep.Rejected => true,
                    FrameStep.Data => assembler.Add(ref slice, rules, keepsHistory: false) != WebSocketError.None,
                    FrameStep.Close => ClosePayload.Read(slice.Payload, out _, out _) != WebSocketError.None,
                    _ => false,
                };
                if (assembler.Written.Length > MaxMessageBytes + 1)
                {
                    Assert.Fail("A message grew past its limit.");
                }

                if (step == FrameStep.Data && slice.IsMessageEnd)
                {
                    assembler.ReturnMessage();
                }
            }
        }

        assembler.ReturnAll(rules.Contexts);
        return isRejected;
    }
}
