using System.Buffers;
using BenchmarkDotNet.Attributes;

namespace Engine.Bench.Micro;

/// <summary>A block of 4 KB taken and given back; the baseline is the runtime's array pool.</summary>
[MemoryDiagnoser]
public class BufferBenchmarks
{
    private readonly SegmentPool _pool = new();

    [Benchmark(Baseline = true)]
    public void ArrayPool() => ArrayPool<byte>.Shared.Return(ArrayPool<byte>.Shared.Rent(SegmentPool.BlockBytes));

    [Benchmark]
    public void Segments() => _pool.Return(_pool.RentBlock());
}
