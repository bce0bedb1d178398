namespace Engine.WebSockets;

/// <summary>How long to wait before an attempt: doubling, with half of it drawn at random, so that clients that were lost together do not come back together.</summary>
internal static class ReconnectBackoff
{
    /// <summary>What follows a first wait of nothing: an end that refuses at once must not be asked without a pause.</summary>
    private const double SecondWaitMilliseconds = 100;

    /// <summary>The least that is waited before any attempt but the first.</summary>
    private const double LeastMilliseconds = 20;

    /// <param name="attempt">0 for the first new attempt.</param>
    /// <param name="options">The shortest and the longest wait.</param>
    /// <param name="asked">The least that the server asks for.</param>
    public static TimeSpan Delay(int attempt, WebSocketClientOptions options, TimeSpan? asked)
    {
        double shortest = options.MinReconnectDelay.TotalMilliseconds;
        double doubled = (shortest == 0 && attempt > 0 ? SecondWaitMilliseconds / 2 : shortest) * Math.Pow(2, Math.Min(attempt, 30));
        double longest = Math.Max(Math.Min(doubled, options.MaxReconnectDelay.TotalMilliseconds), attempt > 0 ? LeastMilliseconds * 2 : 0);
        double drawn = longest * (0.5 + (Random.Shared.NextDouble() / 2));
        if (asked is { } least && least.TotalMilliseconds > drawn)
        {
            // Spread over a quarter more, since everybody was asked for the same.
            drawn = least.TotalMilliseconds * (1 + (Random.Shared.NextDouble() / 4));
        }

        return TimeSpan.FromMilliseconds(drawn);
    }
}
