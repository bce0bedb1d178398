using System.Net;
using System.Net.Security;

namespace Engine.WebSockets;

/// <summary>How a <see cref="WebSocketClient"/> connects, comes back and bounds what it holds. Read when the client is made; later changes have no effect.</summary>
public sealed class WebSocketClientOptions
{
    /// <summary>Where to connect when that is not what the URI says: a Unix domain socket, or an address that needs no look-up. Null by default.</summary>
    public EndPoint? EndPoint { get; set; }

    /// <summary>
    /// The loops that connections live on, which many clients may share; it stays the host's. Null, the default, gives the client one loop of its own, which is a
    /// thread, from its first attempt to its end.
    /// </summary>
    public EngineClient? Engine { get; set; }

    /// <summary>The proxy to connect through; null, the default, for none.</summary>
    public ConnectProxy? Proxy { get; set; }

    /// <summary>
    /// Called before each attempt to connect, the first included, to change its URI or headers, such as a token that expires. An attempt whose call throws has
    /// failed. Where it is set, an answer of 401 is no reason to give up reconnecting. Null by default.
    /// </summary>
    public Func<WebSocketAttempt, CancellationToken, ValueTask>? BeforeConnect { get; set; }

    /// <summary>TLS for <c>wss</c>: certificates, host name, validation; the URI's host where no name is set. Null, the default, trusts the system's roots.</summary>
    public SslClientAuthenticationOptions? Tls { get; set; }

    /// <summary>Further request headers, such as Authorization. CR and LF are refused.</summary>
    public IDictionary<string, string> Headers { get; private set; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The subprotocols to offer, best first.</summary>
    public IList<string> SubProtocols { get; private set; } = [];

    /// <summary>Whether and how compression is offered (RFC 7692); null, the default, offers none. "Server" and "client" mean the two ends, as in the RFC.</summary>
    public WebSocketCompressionOptions? Compression { get; set; }

    /// <summary>How long one attempt to connect may take, handshakes included; 10 seconds by default.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the server may be silent before it is pinged; 30 seconds by default, <see cref="Timeout.InfiniteTimeSpan"/> for never.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a pinged server has to send anything at all; 10 seconds by default. After it the connection counts as lost.</summary>
    public TimeSpan PongTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the closing handshake may take; 5 seconds by default.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest message; 67,108,864 bytes by default. A longer one ends the connection with 1009.</summary>
    public int MaxMessageBytes { get; set; } = 64 << 20;

    /// <summary>The longest frame; 67,108,864 bytes by default.</summary>
    public int MaxFrameBytes { get; set; } = 64 << 20;

    /// <summary>The most fragments of one message; 131,072 by default.</summary>
    public int MaxFragmentCount { get; set; } = 131_072;

    /// <summary>Whether a lost connection is made again by itself; on by default. The first one, by <see cref="WebSocketClient.ConnectAsync"/>, is tried once.</summary>
    public bool Reconnect { get; set; } = true;

    /// <summary>
    /// Whether <see cref="WebSocketClient.ConnectAsync"/> tries again, as for a lost connection, until it succeeds, is cancelled or is refused for good; off by
    /// default.
    /// </summary>
    public bool RetryFirstConnect { get; set; }

    /// <summary>
    /// How long a connection has to last for the attempts to be counted from zero again; 5 seconds by default. A server that accepts and closes at once would
    /// otherwise be dialled without end at the shortest wait.
    /// </summary>
    public TimeSpan MinUptime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The wait before the first new attempt; 200 milliseconds by default. It doubles with each, and half of it is drawn at random. After zero, 100 milliseconds follow.</summary>
    public TimeSpan MinReconnectDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait between attempts; 30 seconds by default. A server's Retry-After may ask for more.</summary>
    public TimeSpan MaxReconnectDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts in a row before the client gives up; 0, the default, for ever.</summary>
    public int MaxReconnectAttempts { get; set; }

    /// <summary>
    /// Bytes of messages that wait for the connection, while it is lost too; 1,048,576 by default. One message may always wait, however long. Raising it makes
    /// longer outages bearable and late messages more.
    /// </summary>
    public int MaxOutboxBytes { get; set; } = 1 << 20;

    /// <summary>
    /// What happens to a message that finds the outbox full: it waits or is refused (<see cref="BackpressurePolicy.Wait"/>, the default), is dropped, or makes
    /// the oldest give way. <see cref="BackpressurePolicy.Disconnect"/> is for servers.
    /// </summary>
    public BackpressurePolicy OutboxPolicy { get; set; } = BackpressurePolicy.Wait;

    /// <summary>Messages received and not yet read; 64 by default. Beyond it the client stops reading, and the server feels it.</summary>
    public int MaxUnreadMessages { get; set; } = 64;

    /// <summary>Whether what is received is thrown away, for a client that only sends; off by default.</summary>
    public bool DiscardMessages { get; set; }

    internal WebSocketEndpointOptions ToEndpoint() => new()
    {
        MaxMessageBytes = MaxMessageBytes,
        MaxFrameBytes = MaxFrameBytes,
        MaxFragmentCount = MaxFragmentCount,
        PingInterval = PingInterval,
        PongTimeout = PongTimeout,
        CloseTimeout = CloseTimeout,
        Compression = Compression,
    };

    internal WebSocketClientOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageBytes, 125, nameof(MaxMessageBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFrameBytes, 125, nameof(MaxFrameBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFragmentCount, 1, nameof(MaxFragmentCount));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxUnreadMessages, 1, nameof(MaxUnreadMessages));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutboxBytes, 0, nameof(MaxOutboxBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxReconnectAttempts, nameof(MaxReconnectAttempts));
        ArgumentOutOfRangeException.ThrowIfLessThan(MinReconnectDelay, TimeSpan.Zero, nameof(MinReconnectDelay));
        ArgumentOutOfRangeException.ThrowIfLessThan(MinUptime, TimeSpan.Zero, nameof(MinUptime));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero, nameof(ConnectTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxReconnectDelay, MinReconnectDelay, nameof(MaxReconnectDelay));
        if (OutboxPolicy == BackpressurePolicy.Disconnect)
        {
            throw new ArgumentException("A client does not disconnect itself for a full outbox.", nameof(OutboxPolicy));
        }

        var frozen = (WebSocketClientOptions)MemberwiseClone();
        frozen.Compression = Compression?.Freeze();
        frozen.Headers = new Dictionary<string, string>(Headers, StringComparer.OrdinalIgnoreCase);
        frozen.SubProtocols = [.. SubProtocols];
        return frozen;
    }
}
