using System.Buffers;

namespace Engine.WebSockets;

/// <summary>A message in an array of the shared pool, on its way to an owner. Whoever has it hands it on once, or returns it once.</summary>
/// <param name="Rented">The array; null when the message is empty.</param>
/// <param name="LengthBytes">How much of it the message is.</param>
/// <param name="IsText">Whether the message is text; else it is binary.</param>
internal readonly record struct MessageBytes(byte[]? Rented, int LengthBytes, bool IsText)
{
    public static MessageBytes Copy(ReadOnlySpan<byte> data, bool isText)
    {
        if (data.IsEmpty)
        {
            return new MessageBytes(null, 0, isText);
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(rented);
        return new MessageBytes(rented, data.Length, isText);
    }

    public void Return()
    {
        if (Rented is not null)
        {
            ArrayPool<byte>.Shared.Return(Rented);
        }
    }
}
