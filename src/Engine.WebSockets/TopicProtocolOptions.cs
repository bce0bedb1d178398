using Engine.Http1;

namespace Engine.WebSockets;

/// <summary>
/// How clients speak <c>topics.v1</c> on one route (<see cref="TopicProtocolRoutes.MapTopicProtocol"/>). Read when the route is mapped; later changes have no effect.
/// </summary>
public sealed class TopicProtocolOptions
{
    /// <summary>
    /// Clocks, limits, origins and compression of the connections. Its sub-protocols and its hub are set by the route.
    /// </summary>
    public WebSocketEndpointOptions Endpoint { get; set; } = new() { MaxMessageBytes = 1 << 20, MaxFrameBytes = 1 << 20 };

    /// <summary>
    /// Says who a client is, by its request; null, the default, lets everybody in as nobody. A null answer refuses the request: with the status that was set, else 403.
    /// </summary>
    public Func<HttpContext, ValueTask<TopicPeer?>>? AuthenticateAsync { get; set; }

    /// <summary>Returns whether a client may hear a topic, what it missed of it included; null, the default, lets everybody. Asked at each subscription. On the loop.</summary>
    public Func<TopicPeer, string, ValueTask<bool>>? AuthorizeSubscribeAsync { get; set; }

    /// <summary>Returns whether a client may publish to a topic; null, the default, lets everybody. Asked for each message. On the loop.</summary>
    public Func<TopicPeer, string, ValueTask<bool>>? AuthorizePublishAsync { get; set; }

    /// <summary>
    /// Adds to a message that a client publishes what its topic needs, such as the key of a latest topic; null, the default, publishes it as it was sent.
    /// </summary>
    public Func<TopicPeer, string, TopicMessage, TopicMessage>? Complete { get; set; }

    /// <summary>
    /// When the server stops, clients are told to come back at a moment of their own in so long, so that they do not all come at once; 5 seconds by default, at
    /// most an hour.
    /// </summary>
    public TimeSpan ReconnectWindow { get; set; } = TimeSpan.FromSeconds(5);

    internal TopicProtocolOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ReconnectWindow, TimeSpan.Zero, nameof(ReconnectWindow));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ReconnectWindow, TimeSpan.FromHours(1), nameof(ReconnectWindow));
        ArgumentNullException.ThrowIfNull(Endpoint, nameof(Endpoint));
        return (TopicProtocolOptions)MemberwiseClone();
    }
}
