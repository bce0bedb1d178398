using System.Diagnostics.Metrics;

namespace Engine.PubSub;

/// <summary>
/// A hub's figures. Any thread. The meter <c>Engine.PubSub</c> publishes the same ones; never a topic's name, of which there may be any number.
/// </summary>
public sealed class TopicMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Engine.PubSub";

    private readonly TopicHub _hub;
    private readonly Meter _meter;
    private readonly Histogram<double> _fanOutTime;
    private long _published;
    private long _delivered;
    private long _gaps;
    private long _recoveries;
    private long _logBytes;
    private long _subscriptions;

    internal TopicMetrics(TopicHub hub)
    {
        _hub = hub;
        _meter = new Meter(new MeterOptions(MeterName) { Version = typeof(TopicMetrics).Assembly.GetName().Version?.ToString(), Scope = hub });
        _meter.CreateObservableUpDownCounter("engine.topics", () => TopicCount, "{topic}", "Topics with subscribers or messages.");
        _meter.CreateObservableUpDownCounter("engine.topics.subscriptions", () => Subscriptions, "{subscription}", "Subscriptions of all connections.");
        _meter.CreateObservableCounter("engine.topics.published", () => Published, "{message}", "Messages published.");
        _meter.CreateObservableCounter("engine.topics.delivered", () => Delivered, "{message}", "Messages put into the queues of subscribers.");
        _meter.CreateObservableUpDownCounter("engine.topics.behind", () => Behind, "{subscription}", "Subscriptions that are behind.");
        _meter.CreateObservableCounter("engine.topics.gaps", () => Gaps, "{gap}", "Times that a subscriber was told of a loss.");
        _meter.CreateObservableCounter("engine.topics.recoveries", () => Recoveries, "{recovery}", "Subscriptions that got everything after their position.");
        _meter.CreateObservableUpDownCounter("engine.topics.log_bytes", () => LogBytes, "By", "Bytes that the topics keep.");
        _fanOutTime = _meter.CreateHistogram<double>("engine.topics.fan_out.duration", "s", "Time of one loop for what it was woken for.");
    }

    /// <summary>Topics with subscribers or messages, and patterns.</summary>
    public int TopicCount => _hub.TopicCount;

    /// <summary>Subscriptions of all connections.</summary>
    public long Subscriptions => Interlocked.Read(ref _subscriptions);

    /// <summary>Messages published, those for patterns not counted again.</summary>
    public long Published => Interlocked.Read(ref _published);

    /// <summary>Messages put into the queues of subscribers.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Subscriptions that are behind now. Counted when asked.</summary>
    public long Behind => _hub.CountBehind();

    /// <summary>Times that a subscriber was told that it lost something, when it came back or when it was overtaken.</summary>
    public long Gaps => Interlocked.Read(ref _gaps);

    /// <summary>Subscriptions that got everything after the position that they came with.</summary>
    public long Recoveries => Interlocked.Read(ref _recoveries);

    /// <summary>Bytes that the topics keep, counted as in <see cref="TopicOptions.MaxBytes"/>.</summary>
    public long LogBytes => Interlocked.Read(ref _logBytes);

    /// <summary>Ends the meter.</summary>
    public void Dispose() => _meter.Dispose();

    internal void AddPublished() => Interlocked.Increment(ref _published);

    internal void AddDelivered(int count) => Interlocked.Add(ref _delivered, count);

    internal void AddGap() => Interlocked.Increment(ref _gaps);

    internal void AddRecovery() => Interlocked.Increment(ref _recoveries);

    internal void AddLogBytes(long delta) => Interlocked.Add(ref _logBytes, delta);

    internal void AddSubscriptions(int delta) => Interlocked.Add(ref _subscriptions, delta);

    internal void AddFanOut(TimeSpan time) => _fanOutTime.Record(time.TotalSeconds);
}
