using System.Globalization;
using System.Net.ServerSentEvents;
using Engine.Sse;

namespace Demo;

/// <summary>
/// Reads another server's stream, changes each event and passes it on. Ids pass through unchanged, so that a client's Last-Event-ID is one that the upstream
/// knows: the proxy remembers nothing, and nothing is lost.
/// </summary>
/// <param name="upstream">Asked for each client, because the address is not known before the server has started.</param>
internal sealed class FahrenheitProxy(Func<Uri> upstream)
{
    public async Task RunAsync(SseStream stream, CancellationToken cancellationToken)
    {
        // The client's own connection to the upstream: it comes back by itself when that one breaks, and ends with the token.
        using var client = new SseClient(upstream(), new SseClientOptions { LastEventId = stream.LastEventId, ReconnectionInterval = TimeSpan.FromSeconds(1) });
        await foreach (SseItem<string> reading in client.ReadAllAsync(cancellationToken))
        {
            if (double.TryParse(reading.Data, CultureInfo.InvariantCulture, out double celsius))
            {
                string fahrenheit = ((celsius * 9 / 5) + 32).ToString("F1", CultureInfo.InvariantCulture);
                await stream.SendAsync(new SseEvent(fahrenheit) { Id = reading.EventId, EventType = "fahrenheit" }, cancellationToken);
            }
        }
    }
}
