using System.Diagnostics;

namespace Engine.WebSockets;

/// <summary>
/// Frames out of bytes, for one direction of one connection. Pure: bytes in, one <see cref="FrameStep"/> at a time out, no callback, no buffer.
/// Payloads are unmasked in place. Data is handed out as it arrives, so that text can fail while its frame is still on the way; control frames whole.
/// </summary>
/// <remarks>
/// Loop only. Allocates nothing. Bytes that a step does not consume are offered again with what follows: an unfinished header, or a control frame.
/// <code>
///   between frames --data header--> in frame --last payload byte--> between frames   (control frames stand between, also inside of a message)
///   between messages --first frame without FIN--> in message --frame with FIN--> between messages
/// </code>
/// </remarks>
internal struct FrameDecoder
{
    private const int CompressedSlackShift = 6;

    // 8 + 8 + 4 + 4 + 1 + 1: what a connection pays for its codec while it is idle.
    private long _frameRemainingBytes;
    private long _messageBytes;
    private uint _mask;
    private int _fragmentCount;
    private State _state;
    private readonly bool _isCompressionAllowed;

    /// <param name="isCompressionAllowed">Whether RSV1 has a meaning, because permessage-deflate was agreed on.</param>
    public FrameDecoder(bool isCompressionAllowed) => _isCompressionAllowed = isCompressionAllowed;

    [Flags]
    private enum State : byte
    {
        None = 0,

        /// <summary>Payload of a data frame is still to come.</summary>
        InFrame = 1,

        /// <summary>A message is open: its next frame is a continuation.</summary>
        InMessage = 2,

        /// <summary>The open message is text.</summary>
        IsText = 4,

        /// <summary>The open message is compressed.</summary>
        IsCompressed = 8,

        /// <summary>The frame that is under way ends its message.</summary>
        IsFinal = 16,
    }

    /// <summary>Whether the peer owes the rest of a message.</summary>
    public readonly bool IsInMessage => (_state & (State.InFrame | State.InMessage)) != 0;

    /// <summary>The next thing in <paramref name="bytes"/>, which are changed in place.</summary>
    public FrameStep Read(Span<byte> bytes, FrameRules rules, out FrameSlice slice)
    {
        slice = default;
        if ((_state & State.InFrame) != 0)
        {
            return bytes.IsEmpty ? FrameStep.NeedMore : ReadPayload(bytes, headerBytes: 0, isMessageStart: false, ref slice);
        }

        bool isWhole = FrameHeader.TryRead(bytes, rules.IsMaskExpected, out FrameHeader header, out WebSocketError error);
        if (!bytes.IsEmpty && error is not (WebSocketError.ReservedBits or WebSocketError.ReservedOpcode or WebSocketError.FragmentedControl))
        {
            // What the first byte breaks goes before what the second does, so that the verdict is the same when only one has arrived.
            WebSocketError order = CheckOrder((FrameOpcode)(bytes[0] & 0x0F), (bytes[0] & 0x40) != 0);
            error = order != WebSocketError.None ? order : error;
        }

        if (error != WebSocketError.None)
        {
            return Reject(error, ref slice);
        }

        if (!isWhole)
        {
            return FrameStep.NeedMore;
        }

        if (header.IsControl)
        {
            return ReadControl(bytes, in header, ref slice);
        }

        error = CheckLimits(in header, rules);
        if (error != WebSocketError.None)
        {
            return Reject(error, ref slice);
        }

        Begin(in header);
        return ReadPayload(bytes, header.HeaderBytes, header.Opcode != FrameOpcode.Continuation, ref slice);
    }

    private readonly WebSocketError CheckOrder(FrameOpcode opcode, bool isCompressed)
    {
        if (((byte)opcode & 0x8) != 0)
        {
            return WebSocketError.None;
        }

        if (isCompressed && (!_isCompressionAllowed || opcode == FrameOpcode.Continuation))
        {
            // RFC 7692 §6.1: RSV1 stands on the first fragment only.
            return WebSocketError.ReservedBits;
        }

        bool isInMessage = (_state & State.InMessage) != 0;
        return (opcode == FrameOpcode.Continuation, isInMessage) switch
        {
            (true, false) => WebSocketError.OrphanContinuation,
            (false, true) => WebSocketError.InterleavedMessage,
            _ => WebSocketError.None,
        };
    }

    /// <summary>Refuses by what is announced, before anything of it is kept.</summary>
    private readonly WebSocketError CheckLimits(in FrameHeader header, FrameRules rules)
    {
        long maxFrameBytes = rules.MaxFrameBytes;
        long maxMessageBytes = rules.MaxMessageBytes;
        if (header.IsCompressed || (_state & State.IsCompressed) != 0)
        {
            // A payload of just the limit that does not compress gets a little longer by it; what it inflates to is checked against the limit itself.
            maxFrameBytes += maxFrameBytes >> CompressedSlackShift;
            maxMessageBytes += maxMessageBytes >> CompressedSlackShift;
        }

        if (header.PayloadBytes > maxFrameBytes)
        {
            return WebSocketError.FrameTooLarge;
        }

        if (header.PayloadBytes > maxMessageBytes - _messageBytes)
        {
            return WebSocketError.MessageTooLarge;
        }

        return _fragmentCount >= rules.MaxFragmentCount ? WebSocketError.TooManyFragments : WebSocketError.None;
    }

    private void Begin(in FrameHeader header)
    {
        if (header.Opcode != FrameOpcode.Continuation)
        {
            _state = State.InMessage
                | (header.Opcode == FrameOpcode.Text ? State.IsText : State.None)
                | (header.IsCompressed ? State.IsCompressed : State.None);
        }

        if (header.IsFinal)
        {
            _state |= State.IsFinal;
        }

        _state |= State.InFrame;
        _fragmentCount++;
        _messageBytes += header.PayloadBytes;
        _frameRemainingBytes = header.PayloadBytes;
        _mask = header.Mask;
    }

    private FrameStep ReadPayload(Span<byte> bytes, int headerBytes, bool isMessageStart, ref FrameSlice slice)
    {
        int count = (int)Math.Min(_frameRemainingBytes, bytes.Length - headerBytes);
        Span<byte> payload = bytes.Slice(headerBytes, count);
        _mask = Masking.Apply(payload, _mask);
        _frameRemainingBytes -= count;
        slice.Payload = payload;
        slice.ConsumedBytes = headerBytes + count;
        slice.IsMessageStart = isMessageStart;
        slice.IsText = (_state & State.IsText) != 0;
        slice.IsCompressed = (_state & State.IsCompressed) != 0;
        if (_frameRemainingBytes == 0)
        {
            _state &= ~State.InFrame;
            if ((_state & State.IsFinal) != 0)
            {
                slice.IsMessageEnd = true;
                _state = State.None;
                _messageBytes = 0;
                _fragmentCount = 0;
            }
        }

        return FrameStep.Data;
    }

    private static FrameStep ReadControl(Span<byte> bytes, in FrameHeader header, ref FrameSlice slice)
    {
        Debug.Assert(header.PayloadBytes <= FrameHeader.MaxControlPayloadBytes, "The header's own rules bound it.");
        int total = header.HeaderBytes + (int)header.PayloadBytes;
        if (bytes.Length < total)
        {
            return FrameStep.NeedMore;
        }

        slice.Payload = bytes[header.HeaderBytes..total];
        slice.ConsumedBytes = total;
        Masking.Apply(slice.Payload, header.Mask);
        return header.Opcode switch
        {
            FrameOpcode.Ping => FrameStep.Ping,
            FrameOpcode.Pong => FrameStep.Pong,
            _ => FrameStep.Close,
        };
    }

    private static FrameStep Reject(WebSocketError error, ref FrameSlice slice)
    {
        slice.Error = error;
        return FrameStep.Rejected;
    }
}
