using BenchmarkDotNet.Attributes;
using Engine.Http1;

namespace Engine.Bench.Micro;

/// <summary>The parts that every message passes.</summary>
[MemoryDiagnoser]
public class EngineBenchmarks
{
    private readonly OutboundQueue _queue = new(new SegmentPool(), trackMessages: false);
    private readonly byte[] _message = new byte[150];
    private readonly byte[] _head = "GET /plain HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n"u8.ToArray();
    private readonly RequestHead _request = new();
    private readonly HttpLimits _limits = new();
    private readonly TimerWheel _wheel = new(0);
    private int _tick;

    [GlobalSetup]
    public void Prepare() => _wheel.EnsureSlots(1000);

    /// <summary>150 bytes into the queue and out of it.</summary>
    [Benchmark]
    public void QueueOneMessage()
    {
        _queue.Append(_message);
        _queue.Consume(_message.Length);
    }

    /// <summary>A request head of four lines.</summary>
    [Benchmark]
    public bool ParseHead()
    {
        _request.Reset();
        return _request.TryParse(_head, _limits, out _);
    }

    /// <summary>One deadline set and moved.</summary>
    [Benchmark]
    public void MoveDeadline()
    {
        int slot = _tick++ % 1000;
        _wheel.Set(slot, 1000 + _tick);
        _wheel.Set(slot, 5000 + _tick);
    }
}
