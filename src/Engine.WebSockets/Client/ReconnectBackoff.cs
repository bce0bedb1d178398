namespace Engine.WebSockets;

/// <summary>How long to wait before an attempt: doubling, with half of it drawn at random, so that clients that were lost together do not come back together.</summary>
internal static class ReconnectBackoff
{
    /// <param name="attempt">0 for the first new attempt.</param>
    /// <param name="options">The shortest and the longest wait.</param>
    /// <param name="asked">The least that the server asks for.</param>
    public static TimeSpan Delay(int attempt, WebSocketClientOptions options, TimeSpan? asked)
    {
        double shortest = options.MinReconnectDelay.TotalMilliseconds;
        double longest = Math.Min(shortest * Math.Pow(2, Math.Min(attempt, 30)), options.MaxReconnectDelay.TotalMilliseconds);
        double drawn = longest * (0.5 + (Random.Shared.NextDouble() / 2));
        if (asked is { } least && least.TotalMilliseconds > drawn)
        {
            // Spread over a quarter more, since everybody was asked for the same.
            drawn = least.TotalMilliseconds * (1 + (Random.Shared.NextDouble() / 4));
        }

        return TimeSpan.FromMilliseconds(drawn);
    }
}
