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
    private readonly MetricCount _published;
    private readonly MetricCount _delivered;
    private readonly MetricCount _gaps;
    private readonly MetricCount _recoveries;
    private readonly MetricCount _logBytes;
    private readonly MetricCount _subscriptions;

    internal TopicMetrics(TopicHub hub)
    {
        _hub = hub;
        _meter = new Meter(new MeterOptions(MeterName) { Version = typeof(TopicMetrics).Assembly.GetName().Version?.ToString(), Scope = hub });
        _meter.CreateObservableUpDownCounter("engine.topics", () => TopicCount, "{topic}", "Topics with subscribers or messages.");
        _subscriptions = MetricCount.UpAndDown(_meter, "engine.topics.subscriptions", "{subscription}", "Subscriptions of all connections.");
        _published = MetricCount.Rising(_meter, "engine.topics.published", "{message}", "Messages published.");
        _delivered = MetricCount.Rising(_meter, "engine.topics.delivered", "{message}", "Messages put into the queues of subscribers.");
        _meter.CreateObservableUpDownCounter("engine.topics.behind", () => Behind, "{subscription}", "Subscriptions that are behind.");
        _gaps = MetricCount.Rising(_meter, "engine.topics.gaps", "{gap}", "Times that a subscriber was told of a loss.");
        _recoveries = MetricCount.Rising(_meter, "engine.topics.recoveries", "{recovery}", "Subscriptions that got everything after their position.");
        _logBytes = MetricCount.UpAndDown(_meter, "engine.topics.log_bytes", "By", "Bytes that the topics keep.");
        _fanOutTime = _meter.CreateHistogram<double>("engine.topics.fan_out.duration", "s", "Time of one loop for what it was woken for.");
    }

    /// <summary>Topics with subscribers or messages, and patterns.</summary>
    public int TopicCount => _hub.TopicCount;

    /// <summary>Subscriptions of all connections.</summary>
    public long Subscriptions => _subscriptions.Value;

    /// <summary>Messages published, those for patterns not counted again.</summary>
    public long Published => _published.Value;

    /// <summary>Messages put into the queues of subscribers.</summary>
    public long Delivered => _delivered.Value;

    /// <summary>Subscriptions that are behind now. Counted when asked.</summary>
    public long Behind => _hub.CountBehind();

    /// <summary>Times that a subscriber was told that it lost something, when it came back or when it was overtaken.</summary>
    public long Gaps => _gaps.Value;

    /// <summary>Subscriptions that got everything after the position that they came with.</summary>
    public long Recoveries => _recoveries.Value;

    /// <summary>Bytes that the topics keep, counted as in <see cref="TopicOptions.MaxBytes"/>.</summary>
    public long LogBytes => _logBytes.Value;

    /// <summary>Ends the meter.</summary>
    public void Dispose() => _meter.Dispose();

    internal void AddPublished() => _published.Add(1);

    internal void AddDelivered(int count) => _delivered.Add(count);

    internal void AddGap() => _gaps.Add(1);

    internal void AddRecovery() => _recoveries.Add(1);

    internal void AddLogBytes(long delta) => _logBytes.Add(delta);

    internal void AddSubscriptions(int delta) => _subscriptions.Add(delta);

    internal void AddFanOut(TimeSpan time) => _fanOutTime.Record(time.TotalSeconds);
}
