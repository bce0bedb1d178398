namespace Engine.Sse;

/// <summary>What an <see cref="SseClient"/> is doing.</summary>
public enum SseClientState
{
    /// <summary>Nobody reads.</summary>
    Idle,

    /// <summary>A request was sent, and its response has not begun.</summary>
    Connecting,

    /// <summary>A stream is open.</summary>
    Open,

    /// <summary>The last stream or request ended, and the client waits before the next.</summary>
    Waiting,

    /// <summary>The server said that there is nothing more (204).</summary>
    Ended,

    /// <summary>Reading failed for good: the server refused, an event was too large, or too many attempts brought nothing.</summary>
    Failed,
}
