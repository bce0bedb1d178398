using System.Buffers;

namespace Engine.WebSockets;

/// <summary>A message on its way out: in pooled memory, or prepared. Whoever has it hands it on once, or returns it once.</summary>
internal readonly record struct ClientMessage
{
    private readonly byte[]? _rented;

    private ClientMessage(FrameOpcode opcode, byte[]? rented, int lengthBytes, bool compress, PreparedMessage? prepared)
    {
        _rented = rented;
        Opcode = opcode;
        LengthBytes = lengthBytes;
        Compress = compress;
        Prepared = prepared;
    }

    public FrameOpcode Opcode { get; }

    public int LengthBytes { get; }

    /// <summary>False keeps it plain.</summary>
    public bool Compress { get; }

    /// <summary>The message that was framed before; null for any other.</summary>
    public PreparedMessage? Prepared { get; }

    public ReadOnlyMemory<byte> Payload => _rented.AsMemory(0, _rented is null ? 0 : LengthBytes);

    public static ClientMessage Copy(FrameOpcode opcode, ReadOnlySpan<byte> payload, bool compress = true)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(payload.Length, 1));
        payload.CopyTo(rented);
        return new ClientMessage(opcode, rented, payload.Length, compress, null);
    }

    public static ClientMessage Of(PreparedMessage prepared) => new(FrameOpcode.Binary, null, prepared.PayloadBytes, compress: true, prepared);

    public void Return()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }
}
