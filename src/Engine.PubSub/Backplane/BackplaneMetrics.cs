using System.Diagnostics.Metrics;

namespace Engine.PubSub;

/// <summary>
/// A hub's figures about one broker. Any thread. The meter <c>Engine.PubSub.Backplane</c> publishes the same ones, with the broker's name as
/// <c>engine.backplane.name</c>; never a topic's name.
/// </summary>
public sealed class BackplaneMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Engine.PubSub.Backplane";

    private readonly Meter _meter;
    private readonly Histogram<double> _confirmTime;
    private readonly MetricCount _published;
    private readonly MetricCount _confirmed;
    private readonly MetricCount _refused;
    private readonly MetricCount _retries;
    private readonly MetricCount _received;
    private readonly MetricCount _catchUps;
    private readonly MetricCount _gaps;
    private readonly MetricCount _reconnects;
    private readonly MetricCount _outboxLength;

    internal BackplaneMetrics(string name)
    {
        Name = name;
        KeyValuePair<string, object?>[] tags = [new("engine.backplane.name", name)];
        _meter = new Meter(new MeterOptions(MeterName) { Version = typeof(BackplaneMetrics).Assembly.GetName().Version?.ToString(), Tags = tags });
        _published = MetricCount.Rising(_meter, "engine.backplane.published", "{message}", "Messages put into the outbox.");
        _confirmed = MetricCount.Rising(_meter, "engine.backplane.confirmed", "{message}", "Messages that the broker has confirmed.");
        _refused = MetricCount.Rising(_meter, "engine.backplane.refused", "{message}", "Messages refused because the broker is away or the outbox full.");
        _retries = MetricCount.Rising(_meter, "engine.backplane.retries", "{message}", "Messages sent again because it was not known whether the broker had them.");
        _received = MetricCount.Rising(_meter, "engine.backplane.received", "{message}", "Messages that arrived.");
        _catchUps = MetricCount.Rising(_meter, "engine.backplane.catch_ups", "{read}", "Reads of a topic's history after the first.");
        _gaps = MetricCount.Rising(_meter, "engine.backplane.gaps", "{gap}", "Times that messages of a topic were lost to this node.");
        _reconnects = MetricCount.Rising(_meter, "engine.backplane.reconnects", "{connection}", "Times that the broker was back.");
        _outboxLength = MetricCount.UpAndDown(_meter, "engine.backplane.outbox", "{message}", "Messages that wait for their confirmation.");
        _confirmTime = _meter.CreateHistogram<double>("engine.backplane.confirm.duration", "s", "Time from the outbox to the confirmation.");
    }

    /// <summary>The broker's name.</summary>
    public string Name { get; }

    /// <summary>Messages put into the outbox.</summary>
    public long Published => _published.Value;

    /// <summary>Messages that the broker has confirmed.</summary>
    public long Confirmed => _confirmed.Value;

    /// <summary>Messages refused because the broker is away, or the outbox full.</summary>
    public long Refused => _refused.Value;

    /// <summary>Messages sent again because it was not known whether the broker had them.</summary>
    public long Retries => _retries.Value;

    /// <summary>Messages that arrived, own ones included, those read from history not.</summary>
    public long Received => _received.Value;

    /// <summary>Reads of a topic's history after the first: after a reconnect, or because something was missing.</summary>
    public long CatchUps => _catchUps.Value;

    /// <summary>Times that messages of a topic were lost to this node, or may have been. Its subscribers are told.</summary>
    public long Gaps => _gaps.Value;

    /// <summary>Times that the broker was back after it had been away.</summary>
    public long Reconnects => _reconnects.Value;

    /// <summary>Messages that wait for their confirmation now.</summary>
    public long OutboxLength => _outboxLength.Value;

    /// <summary>Ends the meter.</summary>
    public void Dispose() => _meter.Dispose();

    internal void AddPublished()
    {
        _published.Add(1);
        _outboxLength.Add(1);
    }

    internal void AddConfirmed(TimeSpan time)
    {
        _confirmed.Add(1);
        _outboxLength.Add(-1);
        _confirmTime.Record(time.TotalSeconds);
    }

    internal void AddAbandoned() => _outboxLength.Add(-1);

    internal void AddRefused() => _refused.Add(1);

    internal void AddRetries(int count) => _retries.Add(count);

    internal void AddReceived() => _received.Add(1);

    internal void AddCatchUp() => _catchUps.Add(1);

    internal void AddGap() => _gaps.Add(1);

    internal void AddReconnect() => _reconnects.Add(1);
}
