using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;
using System.Text.Unicode;

namespace Engine.WebSockets;

/// <summary>The payload of a close frame (RFC 6455 §5.5.1, §7.4): nothing, or a code and a reason. Pure.</summary>
internal static class ClosePayload
{
    /// <summary>The longest reason in UTF-8: a control frame's 125 bytes less the code.</summary>
    public const int MaxReasonBytes = FrameHeader.MaxControlPayloadBytes - 2;

    /// <summary>1005: no code was there. Never on the wire (§7.4.1).</summary>
    public const WebSocketCloseStatus NoCode = WebSocketCloseStatus.Empty;

    /// <summary>1006: the connection ended without a close frame. Never on the wire (§7.4.1).</summary>
    public const WebSocketCloseStatus Abnormal = (WebSocketCloseStatus)1006;

    /// <summary>1013 of the registry: the peer may come back after a while.</summary>
    public const WebSocketCloseStatus TryAgainLater = (WebSocketCloseStatus)1013;

    /// <summary>Whether a code may stand in a close frame: defined by the RFC or registered since, or of the ranges for libraries and applications.</summary>
    public static bool IsSendable(int code) => code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    /// <summary>Reads what a peer sent. <paramref name="code"/> is <see cref="NoCode"/> for an empty payload.</summary>
    public static WebSocketError Read(ReadOnlySpan<byte> payload, out WebSocketCloseStatus code, out string reason)
    {
        code = NoCode;
        reason = "";
        if (payload.IsEmpty)
        {
            return WebSocketError.None;
        }

        if (payload.Length == 1)
        {
            return WebSocketError.BadClosePayload;
        }

        int value = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!IsSendable(value))
        {
            return WebSocketError.BadCloseCode;
        }

        if (!Utf8.IsValid(payload[2..]))
        {
            return WebSocketError.InvalidUtf8;
        }

        code = (WebSocketCloseStatus)value;
        reason = Encoding.UTF8.GetString(payload[2..]);
        return WebSocketError.None;
    }

    /// <summary>Writes a payload and answers its length; <see cref="NoCode"/> gives an empty one. A reason that is too long is cut at a code point.</summary>
    public static int Write(Span<byte> destination, WebSocketCloseStatus code, string? reason)
    {
        if (code == NoCode)
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)code);
        Utf8.FromUtf16(reason, destination.Slice(2, MaxReasonBytes), out _, out int written);
        return 2 + written;
    }
}
