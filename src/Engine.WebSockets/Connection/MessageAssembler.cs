namespace Engine.WebSockets;

/// <summary>
/// Joins, inflates and checks a message as its pieces arrive, so that a bad one fails before its end. Holds memory only while a message is open, and with a
/// takeover the inflater. One direction of one connection; not copyable.
/// </summary>
internal struct MessageAssembler
{
    private MessageBuffer _message;
    private InflateContext? _inflate;
    private Utf8Run _utf8;

    /// <summary>Bytes of the open message that were handed out as parts.</summary>
    private int _detachedBytes;

    /// <summary>The message so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _message.Written;

    /// <summary>Takes the next piece. After an error the connection has to end.</summary>
    public WebSocketError Add(ref FrameSlice slice, AssemblyRules rules, bool keepsHistory)
    {
        if (slice.IsMessageStart)
        {
            _utf8.Reset();
            _detachedBytes = 0;
        }

        int start = _message.LengthBytes;
        if (!slice.IsCompressed)
        {
            _message.Append(slice.Payload);
        }
        else if (Inflate(ref slice, rules, keepsHistory) is var error and not WebSocketError.None)
        {
            return error;
        }

        return slice.IsText && (!_utf8.TryAppend(_message.Written[start..]) || (slice.IsMessageEnd && !_utf8.IsComplete))
            ? WebSocketError.InvalidUtf8
            : WebSocketError.None;
    }

    /// <summary>Hands the message to a new owner.</summary>
    public MessageBytes Detach(bool isText)
    {
        byte[]? bytes = _message.Detach(out int length);
        _detachedBytes += length;
        return new MessageBytes(bytes, length, isText);
    }

    /// <summary>The message was dealt with: its memory goes back.</summary>
    public void ReturnMessage() => _message.Return();

    /// <summary>The connection has ended: everything goes back.</summary>
    public void ReturnAll(DeflateContextPool? contexts)
    {
        _message.Return();
        if (_inflate is { } inflate)
        {
            _inflate = null;
            contexts!.Return(inflate);
        }
    }

    private WebSocketError Inflate(ref FrameSlice slice, AssemblyRules rules, bool keepsHistory)
    {
        _inflate ??= rules.Contexts!.RentInflate();
        WebSocketError error = _inflate.Inflate(slice.Payload, slice.IsMessageEnd, ref _message, rules.MaxMessageBytes - _detachedBytes, rules.MaxInflationRatio);
        if (slice.IsMessageEnd && !keepsHistory)
        {
            rules.Contexts!.Return(_inflate);
            _inflate = null;
        }

        return error;
    }
}

/// <summary>What one side of one endpoint accepts of a message as a whole. Shared by its connections; read only.</summary>
/// <param name="MaxMessageBytes">The longest message, inflated.</param>
/// <param name="MaxInflationRatio">The most bytes out for one byte in; 0 for any.</param>
/// <param name="Contexts">Where inflaters come from; null without compression.</param>
internal sealed record AssemblyRules(int MaxMessageBytes, int MaxInflationRatio, DeflateContextPool? Contexts);
