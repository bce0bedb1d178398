namespace Engine.WebSockets;

/// <summary>What <see cref="FrameDecoder"/> found: a piece of a message, a duty, or nothing yet.</summary>
internal enum FrameStep : byte
{
    /// <summary>Nothing more can be said before more bytes come.</summary>
    NeedMore = 0,

    /// <summary>Payload of a message: all of a frame, or as much of it as has arrived.</summary>
    Data,

    /// <summary>A whole ping.</summary>
    Ping,

    /// <summary>A whole pong.</summary>
    Pong,

    /// <summary>A whole close frame.</summary>
    Close,

    /// <summary>The peer broke a rule; nothing after it has a meaning.</summary>
    Rejected,
}
