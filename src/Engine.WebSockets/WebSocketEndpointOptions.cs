namespace Engine.WebSockets;

/// <summary>
/// What one WebSocket endpoint accepts and how it watches over its connections. Read when the endpoint is mapped; later changes have no effect.
/// </summary>
/// <remarks>
/// Outbound bytes are bounded by the server's own <see cref="ConnectionOptions.MaxOutboundBytes"/> (65,536 a connection by default), with its
/// <see cref="ConnectionOptions.Backpressure"/> and <see cref="ConnectionOptions.WriteTimeout"/>, unless the endpoint has <see cref="Connections"/> of its own.
/// </remarks>
public sealed class WebSocketEndpointOptions
{
    /// <summary>
    /// The queue, its policy and the clocks of this endpoint's connections, from their upgrade on; null, the default, leaves them as the server has them.
    /// </summary>
    public ConnectionOptions? Connections { get; set; }

    /// <summary>
    /// The longest message, after inflation; 67,108,864 bytes (64 MiB) by default. One byte more closes with 1009. A peer can make the server hold this
    /// many bytes for each of its connections.
    /// </summary>
    public int MaxMessageBytes { get; set; } = 64 << 20;

    /// <summary>The longest frame; 16,777,216 bytes (16 MiB) by default. A longer one closes with 1009 by its header, before its payload is read.</summary>
    public int MaxFrameBytes { get; set; } = 16 << 20;

    /// <summary>The most fragments of one message; 131,072 by default. One more closes with 1008: tiny fragments cost more than the bytes they carry.</summary>
    public int MaxFragmentCount { get; set; } = 131_072;

    /// <summary>
    /// For a reading function: bytes of messages that wait for it, or of one message that it has not asked for, before the connection reads no more and TCP slows
    /// the peer, whose pings and close frame then wait too; 65,536 by default. 0 holds back from the first message on that nobody asked for.
    /// </summary>
    public int MaxUnreadBytes { get; set; } = 65_536;

    /// <summary>
    /// How long a peer may be silent before it is pinged; 30 seconds by default. <see cref="Timeout.InfiniteTimeSpan"/> turns pings off, and dead
    /// peers then go unnoticed until something is sent to them.
    /// </summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a pinged peer has to send anything at all; 10 seconds by default. After it the connection is reset and reported with 1006.</summary>
    public TimeSpan PongTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may go without a message from its peer before it is closed with 1001; off by default. Pings do not count.</summary>
    public TimeSpan IdleTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>How long the peer has to answer a close frame; 5 seconds by default. After it the connection is reset.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a connection may live before it is closed with 1001, so that load spreads again over servers; off by default. Up to a tenth is taken
    /// off at random, so that connections made together do not come back together.
    /// </summary>
    public TimeSpan MaxLifetime { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>Whether and how messages are compressed (RFC 7692); null, the default, declines every offer.</summary>
    /// <remarks>Compressing secrets together with text of an attacker's choice betrays them by length (CRIME, BREACH): send those with <c>compress: false</c>.</remarks>
    public WebSocketCompressionOptions? Compression { get; set; }

    /// <summary>
    /// The topics that connections may subscribe and publish to (<see cref="WebSocketConnection.Subscribe"/>); null, the default, for none. The hub is the host's:
    /// several endpoints, also of other servers and kinds, may share it.
    /// </summary>
    public TopicHub? Topics { get; set; }

    /// <summary>The subprotocols that the endpoint speaks, best first; the first that the client offers is chosen. None by default: nothing is chosen.</summary>
    public IList<string> SubProtocols { get; private set; } = [];

    /// <summary>Whether a client that offers none of the subprotocols is refused with 400; off by default: it is served without one.</summary>
    public bool RequireSubProtocol { get; set; }

    /// <summary>
    /// The origins that browsers may connect from (<c>https://example.com</c>), compared without regard to case; any when empty, the default. Others get
    /// 403. Requests without an Origin are no browser's and pass. An endpoint that trusts cookies needs this or <see cref="RequireSameOrigin"/> (CWE-1385).
    /// </summary>
    public IList<string> AllowedOrigins { get; private set; } = [];

    /// <summary>Whether browsers may connect from the server's own host only: the Origin's host and port must be the request's Host. Off by default.</summary>
    public bool RequireSameOrigin { get; set; }

    internal WebSocketEndpointOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageBytes, 125, nameof(MaxMessageBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMessageBytes, 1 << 30, nameof(MaxMessageBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFrameBytes, 125, nameof(MaxFrameBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFragmentCount, 1, nameof(MaxFragmentCount));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxUnreadBytes, nameof(MaxUnreadBytes));
        CheckTime(PingInterval, nameof(PingInterval));
        CheckTime(PongTimeout, nameof(PongTimeout));
        CheckTime(IdleTimeout, nameof(IdleTimeout));
        CheckTime(CloseTimeout, nameof(CloseTimeout));
        CheckTime(MaxLifetime, nameof(MaxLifetime));
        var frozen = (WebSocketEndpointOptions)MemberwiseClone();
        frozen.Connections = Connections?.Freeze();
        frozen.Compression = Compression?.Freeze();
        frozen.SubProtocols = [.. SubProtocols];
        frozen.AllowedOrigins = [.. AllowedOrigins];
        return frozen;
    }

    private static void CheckTime(TimeSpan time, string name)
    {
        if (time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(time, TimeSpan.FromDays(3650), name);
        }
    }
}
