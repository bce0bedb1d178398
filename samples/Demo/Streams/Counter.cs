using System.Globalization;
using Engine.Sse;

namespace Demo;

/// <summary>The smallest stream: it counts, five a second, and goes on where a client was when its connection broke.</summary>
internal static class Counter
{
    public static async Task RunAsync(SseStream stream, CancellationToken cancellationToken)
    {
        long.TryParse(stream.LastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out long count);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        do
        {
            string number = (++count).ToString(CultureInfo.InvariantCulture);
            await stream.SendAsync(new SseEvent(number) { Id = number }, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
