namespace Conformance;

/// <summary>One frame as it stood on the wire, payload unmasked.</summary>
/// <param name="Opcode">Four bits, also those that RFC 6455 reserves.</param>
/// <param name="IsFinal">The FIN bit.</param>
/// <param name="Reserved">RSV1 to RSV3 as a number: RSV1 is 4, RSV3 is 1.</param>
/// <param name="IsMasked">Whether the sender masked it.</param>
/// <param name="Payload">Valid until the reader is fed again.</param>
internal readonly record struct WireFrame(byte Opcode, bool IsFinal, byte Reserved, bool IsMasked, ReadOnlyMemory<byte> Payload)
{
    public bool IsControl => Opcode >= 8;
}
