using System.Text;
using Engine.TestKit;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class FrameDecoderTests
{
    private static readonly FrameRules Rules = new()
    {
        IsMaskExpected = true,
        MaxFrameBytes = 70_000,
        MaxMessageBytes = 100_000,
        MaxFragmentCount = 4,
    };

    [Test]
    public void Messages_and_control_frames_come_out_alike_however_the_bytes_are_cut()
    {
        byte[] input =
        [
            .. Wire.Text("Hello"), .. Wire.Frame(2, [1, 2, 3], fin: false), .. Wire.Frame(9, "p"u8), .. Wire.Frame(0, []), .. Wire.Frame(0xA, []),
            .. Wire.Text(""), .. Wire.Text(new string('x', 130)), .. Wire.Close(1000, "bye"),
        ];
        Assert.That(Read(input), Is.EqualTo(new[]
        {
            "text:Hello", "ping:p", "binary:\u0001\u0002\u0003", "pong:", "text:", "text:" + new string('x', 130), "close:\u0003\uFFFDbye",
        }));
    }

    [Test]
    public void Message_of_one_whole_frame_is_one_slice_over_the_receive_buffer()
    {
        byte[] input = Wire.Text("in place");
        var decoder = new FrameDecoder(isCompressionAllowed: false);
        Assert.That(decoder.Read(input, Rules, out FrameSlice slice), Is.EqualTo(FrameStep.Data));
        Assert.That(slice.IsMessageStart && slice.IsMessageEnd && slice.IsText, Is.True);
        Assert.That(input.AsSpan().Overlaps(slice.Payload, out int offset) && offset == 6, Is.True);
        Assert.That(Encoding.UTF8.GetString(slice.Payload), Is.EqualTo("in place"));
    }

    [Test]
    public void Lengths_of_every_form_are_read([Values(0, 1, 125, 126, 127, 65_535, 65_536)] int length)
    {
        byte[] payload = new byte[length];
        Random.Shared.NextBytes(payload);
        var decoder = new FrameDecoder(isCompressionAllowed: false);
        Assert.That(decoder.Read(Wire.Frame(2, payload), Rules, out FrameSlice slice), Is.EqualTo(FrameStep.Data));
        Assert.That(slice.Payload.ToArray(), Is.EqualTo(payload));
        Assert.That(decoder.IsInMessage, Is.False);
    }

    private static IEnumerable<TestCaseData> Violations()
    {
        yield return Case("RFC6455_5_2_rsv1_without_extension", WebSocketError.ReservedBits, Wire.Frame(1, "x"u8, rsv: 4));
        yield return Case("RFC6455_5_2_rsv2", WebSocketError.ReservedBits, Wire.Frame(1, "x"u8, rsv: 2));
        yield return Case("RFC6455_5_2_rsv3", WebSocketError.ReservedBits, Wire.Frame(1, "x"u8, rsv: 1));
        for (int opcode = 3; opcode < 8; opcode++)
        {
            yield return Case($"RFC6455_5_2_reserved_data_opcode_{opcode}", WebSocketError.ReservedOpcode, Wire.Frame(opcode, "x"u8));
            yield return Case($"RFC6455_5_2_reserved_control_opcode_{opcode + 8}", WebSocketError.ReservedOpcode, Wire.Frame(opcode + 8, "x"u8));
        }

        yield return Case("RFC6455_5_5_fragmented_ping", WebSocketError.FragmentedControl, Wire.Frame(9, "x"u8, fin: false));
        yield return Case("RFC6455_5_5_fragmented_close", WebSocketError.FragmentedControl, Wire.Frame(8, [], fin: false));
        yield return Case("RFC6455_5_5_control_of_126_bytes", WebSocketError.ControlTooLong, Wire.Frame(9, new byte[126]));
        yield return Case("RFC6455_5_4_continuation_of_nothing", WebSocketError.OrphanContinuation, Wire.Frame(0, "x"u8));
        yield return Case("RFC6455_5_4_message_inside_of_a_message", WebSocketError.InterleavedMessage, [.. Wire.Text("a", fin: false), .. Wire.Text("b")]);
        yield return Case("RFC6455_5_4_continuation_after_the_last", WebSocketError.OrphanContinuation, [.. Wire.Text("a", fin: false), .. Wire.Frame(0, "b"u8), .. Wire.Frame(0, "c"u8)], "text:ab");
        yield return Case("RFC6455_5_4_unmasked_message_inside_of_a_message", WebSocketError.InterleavedMessage, [.. Wire.Text("a", fin: false), .. Wire.Frame(1, "x"u8, masked: false)]);
        yield return Case("RFC6455_5_1_unmasked", WebSocketError.WrongMasking, Wire.Frame(1, "x"u8, masked: false));
        yield return Case("RFC6455_5_2_length_125_in_two_bytes", WebSocketError.BadLength, [0x82, 0xFE, 0, 125, 0, 0, 0, 0]);
        yield return Case("RFC6455_5_2_length_65535_in_eight_bytes", WebSocketError.BadLength, [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0]);
        yield return Case("RFC6455_5_2_length_with_highest_bit", WebSocketError.BadLength, [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        yield return Case("MaxFrameBytes_frame_of_4_GB", WebSocketError.FrameTooLarge, [0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        yield return Case("MaxFrameBytes_plus_one", WebSocketError.FrameTooLarge, Wire.Frame(2, new byte[70_001])[..14]);
        yield return Case("MaxMessageBytes_plus_one", WebSocketError.MessageTooLarge, [.. Wire.Frame(2, new byte[70_000], fin: false), .. Wire.Frame(0, new byte[30_001])[..8]]);
        yield return Case("MaxFragmentCount_plus_one", WebSocketError.TooManyFragments,
            [.. Wire.Text("", fin: false), .. Wire.Frame(0, [], fin: false), .. Wire.Frame(0, [], fin: false), .. Wire.Frame(0, [], fin: false), .. Wire.Frame(0, [], fin: false)]);
    }

    [TestCaseSource(nameof(Violations))]
    public void Violation_is_found_however_the_bytes_are_cut(object expected, byte[] input, string[] before)
    {
        string[] wanted = [.. before, $"rejected:{(WebSocketError)expected}"];
        Assert.That(Read(input), Is.EqualTo(wanted));
    }

    [TestCase(0x0F, ExpectedResult = "ReservedOpcode")]
    [TestCase(0xB1, ExpectedResult = "ReservedBits")]
    [TestCase(0x09, ExpectedResult = "FragmentedControl")]
    [TestCase(0x80, ExpectedResult = "OrphanContinuation")]
    public string Violation_in_the_first_byte_is_found_before_the_second_arrives(int first)
    {
        var decoder = new FrameDecoder(isCompressionAllowed: false);
        Assert.That(decoder.Read([(byte)first], Rules, out FrameSlice slice), Is.EqualTo(FrameStep.Rejected));
        return slice.Error.ToString();
    }

    [Test]
    public void Exactly_the_limits_are_accepted()
    {
        byte[] input = [.. Wire.Frame(2, new byte[70_000], fin: false), .. Wire.Frame(0, new byte[30_000], fin: false), .. Wire.Frame(0, [], fin: false), .. Wire.Frame(0, [])];
        var decoder = new FrameDecoder(isCompressionAllowed: false);
        Assert.That(Run(ref decoder, [input]), Is.EqualTo(new[] { "binary:" + new string('\0', 100_000) }));
    }

    [Test]
    public void Compressed_messages_are_marked_when_the_extension_was_agreed_on()
    {
        byte[] input = [.. Wire.Frame(1, "ab"u8, fin: false, rsv: 4), .. Wire.Frame(0, "c"u8), .. Wire.Frame(2, "d"u8)];
        Assert.That(Read(input, isCompressionAllowed: true), Is.EqualTo(new[] { "text z:abc", "binary:d" }));
    }

    [Test]
    public void Rsv1_on_a_continuation_or_control_frame_is_refused_even_with_the_extension()
    {
        Assert.That(Read([.. Wire.Frame(1, "a"u8, fin: false, rsv: 4), .. Wire.Frame(0, "b"u8, rsv: 4)], true), Is.EqualTo(new[] { "rejected:ReservedBits" }));
        Assert.That(Read(Wire.Frame(9, [], rsv: 4), true), Is.EqualTo(new[] { "rejected:ReservedBits" }));
    }

    [Test]
    public void Client_refuses_a_masked_frame_and_takes_a_plain_one()
    {
        var rules = new FrameRules { IsMaskExpected = false, MaxFrameBytes = 100, MaxMessageBytes = 100, MaxFragmentCount = 1 };
        var decoder = new FrameDecoder(isCompressionAllowed: false);
        Assert.That(decoder.Read(Wire.Frame(1, "x"u8), rules, out FrameSlice slice), Is.EqualTo(FrameStep.Rejected));
        Assert.That(slice.Error, Is.EqualTo(WebSocketError.WrongMasking));
        decoder = new FrameDecoder(isCompressionAllowed: false);
        Assert.That(decoder.Read(Wire.Frame(1, "x"u8, masked: false), rules, out slice), Is.EqualTo(FrameStep.Data));
    }

    [Test]
    public void Steady_decoding_allocates_nothing()
    {
        byte[] input = Wire.Text("steady");
        byte[] copy = new byte[input.Length];
        var decoder = new FrameDecoder(isCompressionAllowed: false);
        long before = 0;
        for (int i = 0; i < 2_000; i++)
        {
            if (i == 1_000)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            input.CopyTo(copy, 0);
            decoder.Read(copy, Rules, out _);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Mutated_frames_never_throw_and_end_the_same_however_cut()
    {
        int count = int.Parse(Environment.GetEnvironmentVariable("ENGINE_FUZZ_FRAMES") ?? "50000", System.Globalization.CultureInfo.InvariantCulture);
        var random = new Random(20_261);
        byte[] seed = [.. Wire.Text("fuzz me", fin: false), .. Wire.Frame(9, "p"u8), .. Wire.Frame(0, new byte[130]), .. Wire.Frame(2, [1, 2, 3]), .. Wire.Close(1001, "x")];
        for (int i = 0; i < count; i++)
        {
            byte[] input = (byte[])seed.Clone();
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                input[random.Next(input.Length)] = (byte)random.Next(256);
            }

            byte[] other = (byte[])input.Clone();
            int cut = random.Next(input.Length);
            var whole = new FrameDecoder(isCompressionAllowed: (i & 1) == 0);
            var pieces = new FrameDecoder(isCompressionAllowed: (i & 1) == 0);
            ulong left = Digest(ref whole, [input]);
            ulong right = Digest(ref pieces, [other[..cut], other[cut..]]);
            if (left != right)
            {
                Assert.Fail($"input {Convert.ToHexString(other)} cut at {cut}");
            }
        }
    }

    private static TestCaseData Case(string name, WebSocketError error, byte[] input, params string[] before) => new TestCaseData(error, input, before).SetName(name);

    private static List<string> Read(byte[] input, bool isCompressionAllowed = false) => EverySplit.Of(input, pieces =>
    {
        var decoder = new FrameDecoder(isCompressionAllowed);
        return Run(ref decoder, pieces);
    });

    private static List<string> Run(ref FrameDecoder decoder, IReadOnlyList<byte[]> pieces)
    {
        List<string> seen = [];
        List<byte> message = [];
        Walk(ref decoder, pieces, (FrameStep step, FrameSlice slice) =>
        {
            switch (step)
            {
                case FrameStep.Data:
                    message.AddRange(slice.Payload);
                    if (slice.IsMessageEnd)
                    {
                        seen.Add($"{(slice.IsText ? "text" : "binary")}{(slice.IsCompressed ? " z" : "")}:{Encoding.UTF8.GetString([.. message])}");
                        message.Clear();
                    }

                    break;
                case FrameStep.Rejected:
                    seen.Add($"rejected:{slice.Error}");
                    break;
                default:
                    seen.Add($"{step.ToString().ToLowerInvariant()}:{Encoding.UTF8.GetString(slice.Payload)}");
                    break;
            }
        });
        return seen;
    }

    private static ulong Digest(ref FrameDecoder decoder, IReadOnlyList<byte[]> pieces)
    {
        ulong digest = 14_695_981_039_346_656_037;
        Walk(ref decoder, pieces, (FrameStep step, FrameSlice slice) =>
        {
            foreach (byte value in slice.Payload)
            {
                digest = (digest ^ value) * 1_099_511_628_211;
            }

            if (step != FrameStep.Data || slice.IsMessageEnd)
            {
                digest = (digest ^ (ulong)step ^ ((ulong)slice.Error << 8)) * 1_099_511_628_211;
            }
        });
        return digest;
    }

    private delegate void OnStep(FrameStep step, FrameSlice slice);

    private static void Walk(ref FrameDecoder decoder, IReadOnlyList<byte[]> pieces, OnStep onStep)
    {
        byte[] kept = [];
        foreach (byte[] piece in pieces)
        {
            byte[] offered = kept.Length == 0 ? piece : [.. kept, .. piece];
            int position = 0;
            while (true)
            {
                FrameStep step = decoder.Read(offered.AsSpan(position), Rules, out FrameSlice slice);
                position += slice.ConsumedBytes;
                if (step == FrameStep.NeedMore)
                {
                    break;
                }

                onStep(step, slice);
                if (step == FrameStep.Rejected)
                {
                    return;
                }
            }

            kept = offered[position..];
        }
    }
}
