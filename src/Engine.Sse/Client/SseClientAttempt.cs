namespace Engine.Sse;

/// <summary>What became of one request: a response that may be read, or why to try again.</summary>
internal readonly record struct SseClientAttempt(HttpResponseMessage? Response, Exception? Failure, TimeSpan? RetryAfter);
