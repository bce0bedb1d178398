using System.Diagnostics.Metrics;

namespace Engine.PubSub;

/// <summary>One figure of a meter, which the host can read too. Any thread.</summary>
internal sealed class MetricCount
{
    private long _value;

    private MetricCount()
    {
    }

    public long Value => Interlocked.Read(ref _value);

    /// <summary>One that never falls.</summary>
    public static MetricCount Rising(Meter meter, string name, string unit, string description)
    {
        var count = new MetricCount();
        meter.CreateObservableCounter(name, () => count.Value, unit, description);
        return count;
    }

    /// <summary>One that says how many there are now.</summary>
    public static MetricCount UpAndDown(Meter meter, string name, string unit, string description)
    {
        var count = new MetricCount();
        meter.CreateObservableUpDownCounter(name, () => count.Value, unit, description);
        return count;
    }

    public void Add(long delta) => Interlocked.Add(ref _value, delta);
}
