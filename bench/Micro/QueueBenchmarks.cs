using System.Buffers;
using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;

namespace Engine.Bench.Micro;

/// <summary>A message into a connection's queue and out of it; the baseline is the runtime's pipe.</summary>
[MemoryDiagnoser]
public class QueueBenchmarks
{
    private readonly OutboundQueue _queue = new(new SegmentPool(), trackMessages: false);
    private readonly Pipe _pipe = new();
    private readonly byte[] _message = new byte[150];

    [Benchmark(Baseline = true)]
    public async ValueTask Pipe()
    {
        _pipe.Writer.Write(_message);
        await _pipe.Writer.FlushAsync();
        _pipe.Reader.TryRead(out ReadResult result);
        _pipe.Reader.AdvanceTo(result.Buffer.End);
    }

    [Benchmark]
    public void OutboundQueue()
    {
        _queue.Append(_message);
        _queue.Consume(_message.Length);
    }
}
