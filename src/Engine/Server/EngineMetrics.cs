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

    private readonly IReadOnlyList<EventLoop> _loops;
    private readonly Meter _meter;
    private long _acceptErrors;
    private long _refused;

    internal EngineMetrics(IReadOnlyList<EventLoop> loops)
    {
        _loops = loops;
        _meter = new Meter(MeterName, typeof(EngineMetrics).Assembly.GetName().Version?.ToString());
        _meter.CreateObservableUpDownCounter("engine.connections", () => ConnectionsOpen, "{connection}", "Connections open.");
        _meter.CreateObservableCounter("engine.connections.accepted", () => ConnectionsAccepted, "{connection}", "Connections accepted.");
        _meter.CreateObservableCounter("engine.connections.refused", () => ConnectionsRefused, "{connection}", "Connections refused by a limit.");
        _meter.CreateObservableCounter("engine.accept.errors", () => AcceptErrors, "{error}", "Accepts that failed.");
        _meter.CreateObservableCounter("engine.bytes.received", () => BytesReceived, "By", "Bytes received.");
        _meter.CreateObservableCounter("engine.bytes.sent", () => BytesSent, "By", "Bytes that the kernel took.");
        _meter.CreateObservableUpDownCounter("engine.outbound.queued_bytes", () => QueuedBytes, "By", "Bytes that wait for the kernel.");
        _meter.CreateObservableCounter("engine.dropped_messages", () => MessagesDropped, "{message}", "Messages refused or dropped for lack of room.");
        _meter.CreateObservableCounter("engine.slow_consumers", () => SlowConsumers, "{event}", "Times that a peer was found to read slowly.");
        _meter.CreateObservableUpDownCounter("engine.outbound.rented_segments", () => RentedSegments, "{segment}", "Pooled blocks that hold outbound bytes.");
        _meter.CreateObservableCounter("engine.loop.turns", () => LoopTurns, "{turn}", "Turns of all event loops.");
        _meter.CreateObservableGauge("engine.loop.lag", () => TakeLoopLag().TotalSeconds, "s", "The longest turn of any loop since the last reading.");
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

    /// <summary>The longest turn of any loop since the last call: how long an event may have waited. Resolution 1 to 10 milliseconds.</summary>
    public TimeSpan TakeLoopLag()
    {
        long longest = 0;
        foreach (EventLoop loop in _loops)
        {
            longest = Math.Max(longest, loop.Counters.TakeLongestTurn());
        }

        return TimeSpan.FromMilliseconds(longest);
    }

    /// <summary>Ends the meter; the server does so when it has stopped.</summary>
    public void Dispose() => _meter.Dispose();

    internal void CountAcceptError() => Interlocked.Increment(ref _acceptErrors);

    internal void CountRefused() => Interlocked.Increment(ref _refused);

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
