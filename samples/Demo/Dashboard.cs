using System.Globalization;
using Engine;
using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;

namespace Demo;

/// <summary>The server's own figures, once a second, as a topic that keeps the last two minutes: a page that opens draws them at once.</summary>
internal sealed class Dashboard : IAsyncDisposable
{
    private const int KeptSeconds = 120;
    private const string Topic = "figures";

    private readonly TopicHub _hub = new(new TopicHubOptions().Add(Topic, new TopicOptions(TopicKind.Stream) { MaxMessages = KeptSeconds }));
    private readonly PeriodicTimer _seconds = new(TimeSpan.FromSeconds(1));
    private readonly HttpServer _server;
    private readonly IReadOnlyList<TopicHub> _hubs;
    private readonly Task _measuring;
    private (long Received, long Sent, long Messages) _last;

    /// <param name="server">The server that is measured.</param>
    /// <param name="hubs">Whose messages are counted.</param>
    public Dashboard(HttpServer server, IReadOnlyList<TopicHub> hubs)
    {
        _server = server;
        _hubs = [.. hubs, _hub];
        _measuring = MeasureAsync();
    }

    public void Map(HttpServer server) => server.MapSseTopics("/figures", _hub, new SseTopicOptions
    {
        SelectTopicsAsync = static _ => ValueTask.FromResult<IReadOnlyList<string>>([Topic]),
    });

    public async ValueTask DisposeAsync()
    {
        _seconds.Dispose();
        await _measuring;
        _hub.Dispose();
    }

    private async Task MeasureAsync()
    {
        while (await _seconds.WaitForNextTickAsync())
        {
            if (_server.EndPoints.Count == 0)
            {
                // Not started yet.
                continue;
            }

            EngineMetrics metrics = _server.Engine.Metrics;
            (long Received, long Sent, long Messages) now = (metrics.BytesReceived, metrics.BytesSent, _hubs.Sum(static hub => hub.Metrics.Delivered));
            string figures = string.Create(
                CultureInfo.InvariantCulture,
                $"{{\"at\":{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()},\"connections\":{metrics.ConnectionsOpen},\"messages\":{now.Messages - _last.Messages},\"received\":{now.Received - _last.Received},\"sent\":{now.Sent - _last.Sent},\"lag\":{metrics.TakeLoopLag().TotalMilliseconds:0.000},\"queued\":{metrics.QueuedBytes},\"managed\":{GC.GetTotalMemory(false)},\"resident\":{Environment.WorkingSet}}}");
            _last = now;
            _hub.Publish(Topic, new TopicMessage(System.Text.Encoding.UTF8.GetBytes(figures), PayloadKind.Json));
        }
    }
}
