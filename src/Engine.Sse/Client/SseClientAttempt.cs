namespace Engine.Sse;

/// <summary>What became of one request.</summary>
/// <param name="Signal">What it means for the client.</param>
/// <param name="Stream">The open stream, after <see cref="SseClientSignal.Opened"/>.</param>
/// <param name="Failure">Why there is none.</param>
/// <param name="RetryAfter">How long the server asked to wait.</param>
internal readonly record struct SseClientAttempt(SseClientSignal Signal, SseClientStream? Stream = null, Exception? Failure = null, TimeSpan? RetryAfter = null);
