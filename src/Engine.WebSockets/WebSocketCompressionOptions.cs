namespace Engine.WebSockets;

/// <summary>
/// How permessage-deflate (RFC 7692) is agreed on and used. The defaults hold no memory between messages: contexts are borrowed for one message from a
/// pool. A takeover makes similar small messages much shorter, at the price of native memory for each connection.
/// </summary>
public sealed class WebSocketCompressionOptions
{
    /// <summary>
    /// Whether the server's messages may refer to earlier ones; off by default. On, a connection that sends holds some 256 KB of native memory, given back
    /// when it has been idle for a ping interval, and only messages sent on the connection's loop are compressed.
    /// </summary>
    public bool ServerContextTakeover { get; set; }

    /// <summary>Whether the client's messages may refer to earlier ones; off by default. On, a connection that has received holds some 40 KB of native memory.</summary>
    public bool ClientContextTakeover { get; set; }

    /// <summary>The window of the server's messages as a power of two, 9 to 15; 15 by default. Fewer bits mean less memory on both sides and longer messages.</summary>
    public int ServerMaxWindowBits { get; set; } = 15;

    /// <summary>The window that clients which can be told so are asked to keep to, 9 to 15; 15 by default.</summary>
    public int ClientMaxWindowBits { get; set; } = 15;

    /// <summary>zlib's level, 1 (fast) to 9 (short); 6 by default.</summary>
    public int Level { get; set; } = 6;

    /// <summary>Messages of fewer bytes are sent plain; 256 by default. Short ones gain nothing and cost the same.</summary>
    public int ThresholdBytes { get; set; } = 256;

    /// <summary>
    /// The most bytes that one compressed byte may become, once a message has passed 16 MiB; 100 by default, 0 for any. Past it the connection is closed
    /// with 1009. DEFLATE reaches some 1,030.
    /// </summary>
    public int MaxInflationRatio { get; set; } = 100;

    internal WebSocketCompressionOptions Freeze()
    {
        CheckRange(ServerMaxWindowBits, 9, 15, nameof(ServerMaxWindowBits));
        CheckRange(ClientMaxWindowBits, 9, 15, nameof(ClientMaxWindowBits));
        CheckRange(Level, 1, 9, nameof(Level));
        ArgumentOutOfRangeException.ThrowIfNegative(ThresholdBytes, nameof(ThresholdBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxInflationRatio, nameof(MaxInflationRatio));
        return (WebSocketCompressionOptions)MemberwiseClone();
    }

    private static void CheckRange(int value, int lowest, int highest, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, lowest, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, highest, name);
    }
}
