namespace Engine.WebSockets;

/// <summary>The four bits that say what a frame is (RFC 6455 §5.2).</summary>
internal enum FrameOpcode : byte
{
    /// <summary>The next fragment of the message that is open.</summary>
    Continuation = 0x0,

    /// <summary>A message of UTF-8 text, or its first fragment.</summary>
    Text = 0x1,

    /// <summary>A message of bytes, or its first fragment.</summary>
    Binary = 0x2,

    /// <summary>The last frame of its direction.</summary>
    Close = 0x8,

    /// <summary>Asks for a pong.</summary>
    Ping = 0x9,

    /// <summary>Answers a ping, or says that the peer lives.</summary>
    Pong = 0xA,
}
