namespace Engine.WebSockets;

/// <summary>How a <see cref="TopicClient"/> connects, and the bounds of what it holds. Read when the client is made; later changes have no effect.</summary>
public sealed class TopicClientOptions
{
    /// <summary>
    /// TLS, proxy, headers, clocks and loops of the connections; <see cref="WebSocketClientOptions.BeforeConnect"/> refreshes a token before each attempt. Of what says
    /// how to come back, the shortest and the longest delay and <see cref="WebSocketClientOptions.MinUptime"/> hold: a wait is drawn from zero to a bound that doubles,
    /// by default from half a second to 20 seconds. Its sub-protocols are set by the client.
    /// </summary>
    public WebSocketClientOptions Connection { get; set; } = new()
    {
        MinReconnectDelay = TimeSpan.FromMilliseconds(500),
        MaxReconnectDelay = TimeSpan.FromSeconds(20),
    };

    /// <summary>Messages that wait for their acknowledgement; 500 by default. One more is refused with <c>outboxFull</c>.</summary>
    public int MaxOutboxMessages { get; set; } = 500;

    /// <summary>Bytes of the payloads that wait for their acknowledgement; 16,777,216 by default. One message may always wait, however long.</summary>
    public int MaxOutboxBytes { get; set; } = 16 << 20;

    /// <summary>Messages that wait for the reader of one subscription; 10,000 by default. What comes then stays with the server until half of it has been read.</summary>
    public int MaxQueuedMessages { get; set; } = 10_000;

    /// <summary>
    /// Overrules what is done after a loss, by the close code (under 1000: a status of HTTP) and the reason; a null answer leaves it to the code. Null by default.
    /// </summary>
    public Func<int, string, TopicReconnect?>? Advise { get; set; }

    internal TopicClientOptions Freeze()
    {
        ArgumentNullException.ThrowIfNull(Connection, nameof(Connection));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutboxMessages, 1, nameof(MaxOutboxMessages));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxOutboxBytes, nameof(MaxOutboxBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxQueuedMessages, 1, nameof(MaxQueuedMessages));
        var frozen = (TopicClientOptions)MemberwiseClone();
        frozen.Connection = Connection.Freeze();
        return frozen;
    }
}
