using FsCheck;
using FsCheck.Fluent;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class FrameEncoderTests
{
    private static readonly FrameRules Anything = new() { IsMaskExpected = false, MaxFrameBytes = long.MaxValue, MaxMessageBytes = long.MaxValue, MaxFragmentCount = 9 };

    [TestCase(0, 2)]
    [TestCase(125, 2)]
    [TestCase(126, 4)]
    [TestCase(65_535, 4)]
    [TestCase(65_536, 10)]
    [TestCase(4_294_967_296, 10)]
    public void Header_is_minimal_and_reads_back(long payloadBytes, int headerBytes)
    {
        byte[] header = new byte[FrameHeader.MaxBytes];
        int length = FrameEncoder.WriteHeader(header, FrameEncoder.FirstByte(FrameOpcode.Binary, isFinal: true, isCompressed: false), payloadBytes);
        Assert.That(length, Is.EqualTo(headerBytes));
        Assert.That(FrameEncoder.HeaderBytes(payloadBytes, isMasked: false), Is.EqualTo(headerBytes));
        Assert.That(FrameHeader.TryRead(header.AsSpan(0, length), Anything.IsMaskExpected, out FrameHeader read, out _), Is.True);
        Assert.That((read.PayloadBytes, read.HeaderBytes, read.IsFinal, read.Opcode), Is.EqualTo((payloadBytes, headerBytes, true, FrameOpcode.Binary)));
    }

    [Test]
    public void Masked_header_carries_the_key_behind_the_length([Values(5, 300, 70_000)] long payloadBytes)
    {
        byte[] header = new byte[FrameHeader.MaxBytes];
        int length = FrameEncoder.WriteHeader(header, FrameEncoder.FirstByte(FrameOpcode.Text, isFinal: false, isCompressed: true), payloadBytes, 0x04030201);
        Assert.That(length, Is.EqualTo(FrameEncoder.HeaderBytes(payloadBytes, isMasked: true)));
        Assert.That(header[(length - 4)..length], Is.EqualTo(new byte[] { 1, 2, 3, 4 }));
        Assert.That(FrameHeader.TryRead(header.AsSpan(0, length), isMaskExpected: true, out FrameHeader read, out _), Is.True);
        Assert.That((read.PayloadBytes, read.Mask, read.IsFinal, read.IsCompressed), Is.EqualTo((payloadBytes, 0x04030201u, false, true)));
    }

    [Test]
    public void Any_frame_that_is_encoded_and_masked_decodes_to_itself()
    {
        var rules = new FrameRules { IsMaskExpected = true, MaxFrameBytes = long.MaxValue, MaxMessageBytes = long.MaxValue, MaxFragmentCount = 9 };
        Check.QuickThrowOnFailure(Prop.ForAll<byte[], bool, uint>((payload, isText, mask) =>
        {
            byte[] frame = new byte[FrameEncoder.HeaderBytes(payload.Length, isMasked: true) + payload.Length];
            byte first = FrameEncoder.FirstByte(isText ? FrameOpcode.Text : FrameOpcode.Binary, isFinal: true, isCompressed: false);
            int header = FrameEncoder.WriteHeader(frame, first, payload.Length, mask);
            payload.CopyTo(frame, header);
            Masking.Apply(frame.AsSpan(header), mask);
            var decoder = new FrameDecoder(isCompressionAllowed: false);
            return decoder.Read(frame, rules, out FrameSlice slice) == FrameStep.Data
                && slice.IsMessageStart && slice.IsMessageEnd && slice.IsText == isText
                && slice.ConsumedBytes == frame.Length && slice.Payload.SequenceEqual(payload);
        }));
    }

    [Test]
    public void Example_of_RFC6455_5_7_is_written()
    {
        byte[] header = new byte[2];
        FrameEncoder.WriteHeader(header, FrameEncoder.FirstByte(FrameOpcode.Text, isFinal: true, isCompressed: false), 5);
        Assert.That(header, Is.EqualTo(new byte[] { 0x81, 0x05 }));
    }
}
