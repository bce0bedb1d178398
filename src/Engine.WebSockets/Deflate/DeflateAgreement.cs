namespace Engine.WebSockets;

/// <summary>What both sides agreed on for permessage-deflate, seen from this side. All zero: nothing.</summary>
/// <param name="SendWindowBits">The window of what this side sends, 9 to 15; 0 without compression.</param>
/// <param name="ReceiveWindowBits">The window of what this side receives, 8 to 15.</param>
/// <param name="SendTakeover">Whether this side's messages may refer to earlier ones.</param>
/// <param name="ReceiveTakeover">Whether the peer's messages may.</param>
internal readonly record struct DeflateAgreement(byte SendWindowBits, byte ReceiveWindowBits, bool SendTakeover, bool ReceiveTakeover)
{
    public bool IsAgreed => SendWindowBits != 0;
}
