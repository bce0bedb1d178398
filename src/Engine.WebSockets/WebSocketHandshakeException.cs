namespace Engine.WebSockets;

/// <summary>The server did not answer the opening handshake as a WebSocket server does (RFC 6455 §4.1).</summary>
public sealed class WebSocketHandshakeException : IOException
{
    /// <summary>Makes one without a status.</summary>
    public WebSocketHandshakeException()
        : this("The server refused the WebSocket handshake.")
    {
    }

    /// <summary>Makes one without a status.</summary>
    public WebSocketHandshakeException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with what led to it.</summary>
    public WebSocketHandshakeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal WebSocketHandshakeException(string message, int statusCode, TimeSpan? retryAfter)
        : base(message)
    {
        StatusCode = statusCode;
        RetryAfter = retryAfter;
    }

    /// <summary>The status that the server answered with; 0 when it answered with no HTTP at all.</summary>
    public int StatusCode { get; }

    /// <summary>How long the server asks to wait (Retry-After), when it does.</summary>
    public TimeSpan? RetryAfter { get; }
}
