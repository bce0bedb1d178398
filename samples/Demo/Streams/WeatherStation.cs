using System.Globalization;
using Engine.Sse;

namespace Demo;

/// <summary>Temperatures in degrees Celsius, five a second: what <see cref="FahrenheitProxy"/> reads. The id numbers the readings.</summary>
internal static class WeatherStation
{
    public static async Task RunAsync(SseStream stream, CancellationToken cancellationToken)
    {
        long.TryParse(stream.LastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        do
        {
            number++;
            string celsius = (15 + (10 * Math.Sin(number / 10.0))).ToString("F1", CultureInfo.InvariantCulture);
            await stream.SendAsync(new SseEvent(celsius) { Id = number.ToString(CultureInfo.InvariantCulture), EventType = "celsius" }, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
