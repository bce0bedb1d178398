namespace Engine.WebSockets;

/// <summary>One attempt of a <see cref="WebSocketClient"/> to connect, while it can still be changed. Valid during the call of <see cref="WebSocketClientOptions.BeforeConnect"/>.</summary>
public sealed class WebSocketAttempt
{
    private Uri _uri;

    internal WebSocketAttempt(Uri uri, IDictionary<string, string> headers, int number, bool isReconnect, Exception? lastFailure)
    {
        _uri = uri;
        Headers = new Dictionary<string, string>(headers, StringComparer.OrdinalIgnoreCase);
        Number = number;
        IsReconnect = isReconnect;
        LastFailure = lastFailure;
    }

    /// <summary>Where to; may be changed, for this attempt only.</summary>
    /// <exception cref="ArgumentException">The URI is no WebSocket's.</exception>
    public Uri Uri
    {
        get => _uri;
        set
        {
            CheckUri(value, nameof(value));
            _uri = value;
        }
    }

    /// <summary>The request's further headers; may be changed, for this attempt only.</summary>
    public IDictionary<string, string> Headers { get; }

    /// <summary>1 for the first attempt since the client was made or since its last connection proved itself.</summary>
    public int Number { get; }

    /// <summary>Whether an earlier connection was lost.</summary>
    public bool IsReconnect { get; }

    /// <summary>Why the attempt before this one failed; null when there was none. A <see cref="WebSocketHandshakeException"/> has the server's status.</summary>
    public Exception? LastFailure { get; }

    internal static void CheckUri(Uri uri, string name)
    {
        ArgumentNullException.ThrowIfNull(uri, name);
        if (!uri.IsAbsoluteUri || uri.Scheme is not ("ws" or "wss"))
        {
            throw new ArgumentException("A WebSocket's URI begins with ws or wss.", name);
        }
    }
}
