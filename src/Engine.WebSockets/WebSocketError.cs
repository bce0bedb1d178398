using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>What a peer did wrong. Each has one close code (<see cref="WebSocketErrors.ToCloseCode"/>) and one reason that the peer is told.</summary>
internal enum WebSocketError : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>RSV2 or RSV3 is set, or RSV1 where no extension gives it a meaning (RFC 6455 §5.2).</summary>
    ReservedBits,

    /// <summary>An opcode that the RFC reserves (§5.2).</summary>
    ReservedOpcode,

    /// <summary>A control frame without FIN (§5.5).</summary>
    FragmentedControl,

    /// <summary>A control frame of more than 125 bytes (§5.5).</summary>
    ControlTooLong,

    /// <summary>A continuation with nothing to continue (§5.4).</summary>
    OrphanContinuation,

    /// <summary>A new message inside of an unfinished one (§5.4).</summary>
    InterleavedMessage,

    /// <summary>A client that does not mask, or a server that does (§5.1).</summary>
    WrongMasking,

    /// <summary>A length in more bytes than it needs, or with its highest bit set (§5.2).</summary>
    BadLength,

    /// <summary>A frame above the limit.</summary>
    FrameTooLarge,

    /// <summary>A message above the limit, after inflation too.</summary>
    MessageTooLarge,

    /// <summary>A compressed message that inflates past the allowed ratio.</summary>
    InflationRatio,

    /// <summary>A message in more fragments than allowed.</summary>
    TooManyFragments,

    /// <summary>Text that is not UTF-8 (§8.1).</summary>
    InvalidUtf8,

    /// <summary>A close payload of one byte (§5.5.1).</summary>
    BadClosePayload,

    /// <summary>A close code that may not be sent (§7.4).</summary>
    BadCloseCode,

    /// <summary>A compressed payload that is no DEFLATE stream (RFC 7692 §7.2.2).</summary>
    BadDeflate,
}

/// <summary>What follows from a <see cref="WebSocketError"/>.</summary>
internal static class WebSocketErrors
{
    /// <summary>The close code that the peer is sent.</summary>
    public static WebSocketCloseStatus ToCloseCode(WebSocketError error) => error switch
    {
        WebSocketError.FrameTooLarge or WebSocketError.MessageTooLarge or WebSocketError.InflationRatio => WebSocketCloseStatus.MessageTooBig,
        WebSocketError.InvalidUtf8 => WebSocketCloseStatus.InvalidPayloadData,
        WebSocketError.BadDeflate => WebSocketCloseStatus.InvalidPayloadData,
        WebSocketError.TooManyFragments => WebSocketCloseStatus.PolicyViolation,
        _ => WebSocketCloseStatus.ProtocolError,
    };

    /// <summary>The reason that the peer is told; ASCII, well under 123 bytes.</summary>
    public static string ToReason(WebSocketError error) => error switch
    {
        WebSocketError.ReservedBits => "reserved bits are set",
        WebSocketError.ReservedOpcode => "reserved opcode",
        WebSocketError.FragmentedControl => "fragmented control frame",
        WebSocketError.ControlTooLong => "control frame too long",
        WebSocketError.OrphanContinuation => "continuation of nothing",
        WebSocketError.InterleavedMessage => "new message inside of a message",
        WebSocketError.WrongMasking => "wrong masking",
        WebSocketError.BadLength => "bad frame length",
        WebSocketError.FrameTooLarge => "frame too large",
        WebSocketError.MessageTooLarge => "message too large",
        WebSocketError.InflationRatio => "message inflates too much",
        WebSocketError.TooManyFragments => "too many fragments",
        WebSocketError.InvalidUtf8 => "text is not UTF-8",
        WebSocketError.BadClosePayload => "bad close payload",
        WebSocketError.BadCloseCode => "bad close code",
        WebSocketError.BadDeflate => "bad compressed data",
        _ => "",
    };
}
