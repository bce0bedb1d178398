using System.Diagnostics.Metrics;

namespace Engine;

/// <summary>
/// The counters of one server, summed over its loops when asked. Any thread. The same figures are published by the meter <c>Engine</c>
/// (<see cref="System.Diagnostics.Metrics"/>), so that any OpenTelemetry exporter sees them.
/// </summary>
public sealed class EngineMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Engine";

    /// <summary>The tag of every measurement that names the server, so that several in one process stay apart: <see cref="ServerOptions.Name"/>.</summary>
    public const string ServerTag = "engine.server";

    private readonly IReadOnlyList<EventLoop> _loops;
    private readonly HostCallbacks _callbacks;
    private Meter? _meter;
    private long _acceptErrors;
    private long _refused;

    internal EngineMetrics(IReadOnlyList<EventLoop> loops, HostCallbacks callbacks)
    {
        _loops = loops;
        _callbacks = callbacks;
    }

    /// <summary>Connections open.</summary>
    public long ConnectionsOpen => Sum(static loop => loop.ConnectionCount);

    /// <summary>Connections accepted since the start, refused ones included.</summary>
    public long ConnectionsAccepted => Sum(static loop => loop.Counters.ConnectionsAccepted);

    /// <summary>Connections that have ended.</summary>
    public long ConnectionsClosed => Sum(static loop => loop.Counters.ConnectionsClosed);

    /// <summary>Connections refused by a limit.</summary>
    public long ConnectionsRefused => Interlocked.Read(ref _refused);

    /// <summary>Accepts that failed, for lack of descriptors for example.</summary>
    public long AcceptErrors => Interlocked.Read(ref _acceptErrors);

    /// <summary>Bytes received.</summary>
    public long BytesReceived => Sum(static loop => loop.Counters.BytesReceived);

    /// <summary>Bytes that the kernel took.</summary>
    public long BytesSent => Sum(static loop => loop.Counters.BytesSent);

    /// <summary>Bytes that stayed behind after their turn's send, over all connections.</summary>
    public long QueuedBytes => Sum(static loop => loop.Counters.QueuedBytes);

    /// <summary>Messages refused or dropped for lack of room.</summary>
    public long MessagesDropped => Sum(static loop => loop.Counters.DroppedMessages);

    /// <summary>Times that a peer was found to read slowly.</summary>
    public long SlowConsumers => Sum(static loop => loop.Counters.SlowConsumers);

    /// <summary>Pooled blocks that hold outbound bytes; 0 when nothing waits.</summary>
    public long RentedSegments => Sum(static loop => loop.Segments.RentedCount);

    /// <summary>Pooled blocks kept for the next burst; they shrink while they are not needed.</summary>
    public long KeptSegments => Sum(static loop => loop.Segments.KeptCount);

    /// <summary>Pooled arrays that hold unread bytes: unfinished heads and paused connections.</summary>
    public long RentedRemainders => Sum(static loop => loop.Counters.RentedRemainders);

    /// <summary>Turns of all event loops.</summary>
    public long LoopTurns => Sum(static loop => loop.Counters.Turns);

    /// <summary>Exceptions that left code of the host: <see cref="EngineServer.HandlerFailed"/> was raised for each.</summary>
    public long Faults => _callbacks.FaultCount;

    /// <summary>
    /// The longest turn of any loop in the last ten to twenty seconds, turns in progress included: how long an event may have waited.
    /// Reading it changes nothing. Resolution 1 to 10 milliseconds.
    /// </summary>
    public TimeSpan LoopLag => Longest(static (loop, now) => loop.Counters.RecentLongestTurn(now));

    /// <summary>
    /// The longest turn of any loop since the last call, turns in progress included. For one caller only, since each call starts anew; others use
    /// <see cref="LoopLag"/>. Resolution 1 to 10 milliseconds.
    /// </summary>
    public TimeSpan TakeLoopLag() => Longest(static (loop, now) => loop.Counters.TakeLongestTurn(now));

    /// <summary>Ends the meter; the server does so when it has stopped.</summary>
    public void Dispose() => Interlocked.Exchange(ref _meter, null)?.Dispose();

    /// <summary>Publishes the figures. At the server's start: a meter is known to the whole process, and keeps what it reads alive.</summary>
    internal void Publish(IMeterFactory? factory, string serverName)
    {
        var tag = new KeyValuePair<string, object?>(ServerTag, serverName);
        string? version = typeof(EngineMetrics).Assembly.GetName().Version?.ToString();
        Meter meter = factory?.Create(MeterName, version, [tag]) ?? new Meter(MeterName, version, [tag]);
        Func<Measurement<long>> Read(Func<long> count) => () => new Measurement<long>(count(), tag);
        meter.CreateObservableUpDownCounter("engine.connections", Read(() => ConnectionsOpen), "{connection}", "Connections open.");
        meter.CreateObservableCounter("engine.connections.accepted", Read(() => ConnectionsAccepted), "{connection}", "Connections accepted.");
        meter.CreateObservableCounter("engine.connections.refused", Read(() => ConnectionsRefused), "{connection}", "Connections refused by a limit.");
        meter.CreateObservableCounter("engine.accept.errors", Read(() => AcceptErrors), "{error}", "Accepts that failed.");
        meter.CreateObservableCounter("engine.bytes.received", Read(() => BytesReceived), "By", "Bytes received.");
        meter.CreateObservableCounter("engine.bytes.sent", Read(() => BytesSent), "By", "Bytes that the kernel took.");
        meter.CreateObservableUpDownCounter("engine.outbound.queued_bytes", Read(() => QueuedBytes), "By", "Bytes that wait for the kernel.");
        meter.CreateObservableCounter("engine.dropped_messages", Read(() => MessagesDropped), "{message}", "Messages refused or dropped for lack of room.");
        meter.CreateObservableCounter("engine.slow_consumers", Read(() => SlowConsumers), "{event}", "Times that a peer was found to read slowly, or was ended for it.");
        meter.CreateObservableUpDownCounter("engine.outbound.rented_segments", Read(() => RentedSegments), "{segment}", "Pooled blocks that hold outbound bytes.");
        meter.CreateObservableCounter("engine.loop.turns", Read(() => LoopTurns), "{turn}", "Turns of all event loops.");
        meter.CreateObservableCounter("engine.faults", Read(() => Faults), "{fault}", "Exceptions that left code of the host.");
        meter.CreateObservableGauge(
            "engine.loop.lag",
            () => new Measurement<double>(LoopLag.TotalSeconds, tag),
            "s",
            "The longest turn of any loop in the last ten to twenty seconds, turns in progress included.");
        _meter = meter;
    }

    internal void CountAcceptError() => Interlocked.Increment(ref _acceptErrors);

    internal void CountRefused() => Interlocked.Increment(ref _refused);

    private TimeSpan Longest(Func<EventLoop, long, long> measure)
    {
        long longest = 0;
        foreach (EventLoop loop in _loops)
        {
            longest = Math.Max(longest, measure(loop, loop.ClockMilliseconds));
        }

        return TimeSpan.FromMilliseconds(longest);
    }

    private long Sum(Func<EventLoop, long> count)
    {
        long sum = 0;
        foreach (EventLoop loop in _loops)
        {
            sum += count(loop);
        }

        return sum;
    }
}
