using BenchmarkDotNet.Attributes;
using Engine.WebSockets;

namespace Engine.Bench.Micro;

/// <summary>One frame: unmasked, decoded, encoded; the baseline is a copy of its payload.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks
{
    private const uint Mask = 0x12345678;

    private static readonly FrameRules Rules = new() { IsMaskExpected = true, MaxFrameBytes = 1 << 26, MaxMessageBytes = 1 << 26, MaxFragmentCount = 1 << 20 };

    private byte[] _payload = [];
    private byte[] _target = [];
    private byte[] _frame = [];

    [Params(20, 1024, 65_536, 1 << 20)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        _payload = new byte[Size];
        Random.Shared.NextBytes(_payload);
        _target = new byte[Size + 16];
        _frame = new byte[Size + 16];
        int header = FrameEncoder.WriteHeader(_frame, FrameEncoder.FirstByte(FrameOpcode.Binary, isFinal: true, isCompressed: false), Size, Mask);
        _frame = _frame[..(header + Size)];
    }

    [Benchmark(Baseline = true)]
    public void Copy() => _payload.AsSpan().CopyTo(_target);

    [Benchmark]
    public uint Unmask() => Masking.Apply(_payload, Mask);

    /// <summary>Header, rules and unmasking in place.</summary>
    [Benchmark]
    public int Decode()
    {
        var decoder = new FrameDecoder(isCompressionAllowed: false);
        decoder.Read(_frame, Rules, out FrameSlice slice);
        return slice.ConsumedBytes;
    }

    /// <summary>Header and a copy of the payload behind it.</summary>
    [Benchmark]
    public int Encode()
    {
        int header = FrameEncoder.WriteHeader(_target, FrameEncoder.FirstByte(FrameOpcode.Binary, isFinal: true, isCompressed: false), Size);
        _payload.CopyTo(_target.AsSpan(header));
        return header;
    }
}
