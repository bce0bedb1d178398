using System.Text;
using BenchmarkDotNet.Attributes;
using Engine.Http1;

namespace Engine.Bench.Micro;

/// <summary>A request head of four lines; the baseline is what one writes with strings, without a single check.</summary>
[MemoryDiagnoser]
public class ParserBenchmarks
{
    private readonly byte[] _head = "GET /plain HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n"u8.ToArray();
    private readonly RequestHead _request = new();
    private readonly HttpLimits _limits = new();

    [Benchmark(Baseline = true)]
    public int Strings()
    {
        string[] lines = Encoding.ASCII.GetString(_head).Split("\r\n");
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                fields[line[..colon]] = line[(colon + 1)..].Trim();
            }
        }

        return lines[0].Split(' ').Length + fields.Count;
    }

    [Benchmark]
    public bool RequestHead()
    {
        _request.Reset();
        return _request.TryParse(_head, _limits, out _);
    }
}
