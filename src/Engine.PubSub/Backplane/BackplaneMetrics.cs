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
    private long _published;
    private long _confirmed;
    private long _received;
    private long _refused;
    private long _retries;
    private long _catchUps;
    private long _gaps;
    private long _reconnects;
    private long _outboxLength;

    internal BackplaneMetrics(string name)
    {
        Name = name;
        KeyValuePair<string, object?>[] tags = [new("engine.backplane.name", name)];
        _meter = new Meter(new MeterOptions(MeterName) { Version = typeof(BackplaneMetrics).Assembly.GetName().Version?.ToString(), Tags = tags });
        _meter.CreateObservableCounter("engine.backplane.published", () => Published, "{message}", "Messages put into the outbox.");
        _meter.CreateObservableCounter("engine.backplane.confirmed", () => Confirmed, "{message}", "Messages that the broker has confirmed.");
        _meter.CreateObservableCounter("engine.backplane.refused", () => Refused, "{message}", "Messages refused because the broker is away or the outbox full.");
        _meter.CreateObservableCounter("engine.backplane.retries", () => Retries, "{message}", "Messages sent again because it was not known whether the broker had them.");
        _meter.CreateObservableCounter("engine.backplane.received", () => Received, "{message}", "Messages that arrived.");
        _meter.CreateObservableCounter("engine.backplane.catch_ups", () => CatchUps, "{read}", "Reads of a topic's history after the first.");
        _meter.CreateObservableCounter("engine.backplane.gaps", () => Gaps, "{gap}", "Times that messages of a topic were lost to this node.");
        _meter.CreateObservableCounter("engine.backplane.reconnects", () => Reconnects, "{connection}", "Times that the broker was back.");
        _meter.CreateObservableUpDownCounter("engine.backplane.outbox", () => OutboxLength, "{message}", "Messages that wait for their confirmation.");
        _confirmTime = _meter.CreateHistogram<double>("engine.backplane.confirm.duration", "s", "Time from the outbox to the confirmation.");
    }

    /// <summary>The broker's name.</summary>
    public string Name { get; }

    /// <summary>Messages put into the outbox.</summary>
    public long Published => Interlocked.Read(ref _published);

    /// <summary>Messages that the broker has confirmed.</summary>
    public long Confirmed => Interlocked.Read(ref _confirmed);

    /// <summary>Messages refused because the broker is away, or the outbox full.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Messages sent again because it was not known whether the broker had them.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>Messages that arrived, own ones included, those read from history not.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Reads of a topic's history after the first: after a reconnect, or because something was missing.</summary>
    public long CatchUps => Interlocked.Read(ref _catchUps);

    /// <summary>Times that messages of a topic were lost to this node, or may have been. Its subscribers are told.</summary>
    public long Gaps => Interlocked.Read(ref _gaps);

    /// <summary>Times that the broker was back after it had been away.</summary>
    public long Reconnects => Interlocked.Read(ref _reconnects);

    /// <summary>Messages that wait for their confirmation now.</summary>
    public long OutboxLength => Interlocked.Read(ref _outboxLength);

    /// <summary>Ends the meter.</summary>
    public void Dispose() => _meter.Dispose();

    internal void AddPublished()
    {
        Interlocked.Increment(ref _published);
        Interlocked.Increment(ref _outboxLength);
    }

    internal void AddConfirmed(TimeSpan time)
    {
        Interlocked.Increment(ref _confirmed);
        Interlocked.Decrement(ref _outboxLength);
        _confirmTime.Record(time.TotalSeconds);
    }

    internal void AddAbandoned() => Interlocked.Decrement(ref _outboxLength);

    internal void AddRefused() => Interlocked.Increment(ref _refused);

    internal void AddRetries(int count) => Interlocked.Add(ref _retries, count);

    internal void AddReceived() => Interlocked.Increment(ref _received);

    internal void AddCatchUp() => Interlocked.Increment(ref _catchUps);

    internal void AddGap() => Interlocked.Increment(ref _gaps);

    internal void AddReconnect() => Interlocked.Increment(ref _reconnects);
}
