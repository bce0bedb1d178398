namespace Engine.WebSockets;

/// <summary>What one step of <see cref="FrameDecoder"/> yields. A view of the receive buffer: it may not outlive the call.</summary>
internal ref struct FrameSlice
{
    /// <summary>Unmasked payload.</summary>
    public Span<byte> Payload;

    /// <summary>Bytes of the input that the step used up.</summary>
    public int ConsumedBytes;

    /// <summary>Why the step is <see cref="FrameStep.Rejected"/>.</summary>
    public WebSocketError Error;

    /// <summary>Whether the message is text; else it is binary.</summary>
    public bool IsText;

    /// <summary>Whether the message is compressed.</summary>
    public bool IsCompressed;

    /// <summary>Whether the payload begins its message.</summary>
    public bool IsMessageStart;

    /// <summary>Whether the payload ends its message.</summary>
    public bool IsMessageEnd;
}
