namespace Engine.WebSockets;

/// <summary>Part of a message, or all of one. Valid until the next is asked for.</summary>
public readonly struct MessagePart
{
    private readonly ReceivedMessage _bytes;

    internal MessagePart(ReceivedMessage bytes, bool isLast)
    {
        _bytes = bytes;
        IsLast = isLast;
    }

    /// <summary>The bytes, inflated. Of text they are UTF-8 that has been checked so far; a character may be cut at the end.</summary>
    /// <exception cref="ObjectDisposedException">The next part was asked for.</exception>
    public ReadOnlyMemory<byte> Data => _bytes.Data;

    /// <summary>Whether the message is text; else it is binary.</summary>
    public bool IsText => _bytes.IsText;

    /// <summary>Whether the message ends with this part, which may be empty.</summary>
    public bool IsLast { get; }
}
