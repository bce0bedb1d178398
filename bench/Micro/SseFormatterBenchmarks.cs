using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Engine.Sse;

namespace Engine.Bench.Micro;

/// <summary>One event with an id and a type; the baseline is the string that one would write, which holds only for data of one line.</summary>
[MemoryDiagnoser]
public class SseFormatterBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(1 << 17);
    private string _data = "";

    [Params(100, 16_384)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Prepare() => _data = new string('x', Size);

    [Benchmark(Baseline = true)]
    public int Interpolated() => Encoding.UTF8.GetBytes($"id: 12345\nevent: tick\ndata: {_data}\n\n").Length;

    [Benchmark]
    public int Formatter()
    {
        _output.ResetWrittenCount();
        SseFormatter.Write(_output, new SseEvent(_data) { Id = "12345", EventType = "tick" });
        return _output.WrittenCount;
    }
}
