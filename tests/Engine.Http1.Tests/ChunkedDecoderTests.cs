using System.Buffers;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Http1.Tests;

/// <summary>What the encoder writes the decoder reads, and what a head is made of comes out of the parser, however either is cut.</summary>
public sealed class ChunkedDecoderTests
{
    private static readonly HttpLimits Limits = new();

    [Test]
    public void RFC_9112_7_1_what_is_encoded_is_decoded_however_it_is_cut() => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<byte[]>[]>(), ArbMap.Default.ArbFor<PositiveInt>(), static (chunks, cut) =>
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (NonNull<byte[]> chunk in chunks)
        {
            ChunkedEncoder.Write(output, chunk.Get);
        }

        output.Write(ChunkedEncoder.End);
        byte[] expected = [.. chunks.SelectMany(static chunk => chunk.Get)];
        byte[] encoded = [.. output.WrittenSpan, .. "next"u8];
        var decoder = default(ChunkedDecoder);
        var decoded = new List<byte>();
        int total = 0;
        while (!decoder.IsDone)
        {
            ReadOnlySpan<byte> piece = encoded.AsSpan(total, Math.Min(cut.Get, encoded.Length - total));
            decoder.TryRead(piece, Limits, out ReadOnlySpan<byte> data, out int consumed, out HttpRejection rejection);
            if (rejection != HttpRejection.None)
            {
                return false;
            }

            decoded.AddRange(data);
            total += consumed;
        }

        return decoded.SequenceEqual(expected) && encoded.AsSpan(total).SequenceEqual("next"u8);
    }).QuickCheckThrowOnFailure();

    [Test]
    public void RFC_9112_5_fields_come_out_as_they_went_in() => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<byte[]>[]>(), static values =>
    {
        // Any bytes become a value that the grammar allows: controls out, whitespace at its ends out.
        byte[][] clean = [.. values.Take(50).Select(static value => value.Get.Where(static one => one is >= 0x20 and not 0x7F or (byte)'\t').ToArray().AsSpan().Trim(" \t"u8).ToArray())];
        var request = new List<byte>("GET / HTTP/1.1\r\nHost: a\r\n"u8.ToArray());
        for (int i = 0; i < clean.Length; i++)
        {
            request.AddRange([(byte)'x', (byte)('0' + (i / 10)), (byte)('0' + (i % 10)), (byte)':', (byte)' ', .. clean[i], (byte)'\t', (byte)'\r', (byte)'\n']);
        }

        request.AddRange("\r\n"u8.ToArray());
        byte[] bytes = [.. request];
        var head = new RequestHead();
        return head.TryParse(bytes, Limits, out _) && head.FieldCount == clean.Length + 1
            && head.Fields[1..].ToArray().Zip(clean).All(pair => pair.First.Value(bytes).SequenceEqual(pair.Second));
    }).QuickCheckThrowOnFailure();
}
