using System.IO.Compression;
using System.Text;
using BenchmarkDotNet.Attributes;
using Engine.WebSockets;

namespace Engine.Bench.Micro;

/// <summary>One message of JSON compressed and inflated with a kept context; the baselines are the runtime's streams, which must be made anew for each.</summary>
[MemoryDiagnoser]
public class DeflateBenchmarks : IDisposable
{
    private readonly DeflateContext _deflate = new(windowBits: 15, level: 1);
    private readonly InflateContext _inflate = new(windowBits: 15);
    private readonly MemoryStream _stream = new();
    private byte[] _message = [];
    private byte[] _compressed = [];
    private byte[] _inflated = [];

    [Params(200, 16_384)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        var text = new StringBuilder();
        for (int i = 0; text.Length < Size; i++)
        {
            text.Append("{\"id\":").Append(i * 7919).Append(",\"name\":\"a name\",\"value\":").Append(i * 0.37).Append('}');
        }

        _message = Encoding.UTF8.GetBytes(text.ToString(0, Size));
        _inflated = new byte[Size];
        var output = default(MessageBuffer);
        _deflate.Compress(_message, ref output, keepHistory: false);
        _compressed = output.Written.ToArray();
        output.Return();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _deflate.Dispose();
        _inflate.Dispose();
        _stream.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public long DeflateStream()
    {
        _stream.SetLength(0);
        using (var deflate = new DeflateStream(_stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(_message);
        }

        return _stream.Length;
    }

    [Benchmark]
    public int Compress()
    {
        var output = default(MessageBuffer);
        _deflate.Compress(_message, ref output, keepHistory: false);
        int length = output.LengthBytes;
        output.Return();
        return length;
    }

    [Benchmark]
    public int InflateStream()
    {
        // The tail that a message leaves out.
        using var inflate = new DeflateStream(new MemoryStream([.. _compressed, 0, 0, 0xFF, 0xFF]), CompressionMode.Decompress);
        return inflate.ReadAtLeast(_inflated, Size);
    }

    [Benchmark]
    public int Inflate()
    {
        var output = default(MessageBuffer);
        _inflate.Inflate(_compressed, isMessageEnd: true, ref output, 1 << 20, maxRatio: 0);
        int length = output.LengthBytes;
        output.Return();
        _inflate.Reset();
        return length;
    }
}
