using BenchmarkDotNet.Attributes;

namespace Engine.Bench.Micro;

/// <summary>A connection's deadline moved, among a thousand; the baseline is a timer object each.</summary>
[MemoryDiagnoser]
public class TimerBenchmarks
{
    private const int Count = 1000;

    private readonly TimerWheel _wheel = new(0);
    private readonly Timer[] _timers = new Timer[Count];
    private int _next;

    [GlobalSetup]
    public void Prepare()
    {
        _wheel.EnsureSlots(Count);
        for (int i = 0; i < Count; i++)
        {
            _timers[i] = new Timer(static _ => { }, null, 1_000_000, Timeout.Infinite);
            _wheel.Set(i, 1_000_000);
        }
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        foreach (Timer timer in _timers)
        {
            timer.Dispose();
        }
    }

    [Benchmark(Baseline = true)]
    public void Timers() => _timers[_next++ % Count].Change(1_000_000, Timeout.Infinite);

    [Benchmark]
    public void Wheel()
    {
        int slot = _next++ % Count;
        _wheel.Set(slot, 1_000_000 + (_next % 10_000));
    }
}
