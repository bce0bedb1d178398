using System.Buffers;

namespace Engine;

/// <summary>
/// Received bytes that the protocol has not consumed, in a rented array; none while there are none. Loop only; a mutable field of its connection.
/// </summary>
internal struct Remainder
{
    private byte[]? _bytes;

    public int LengthBytes { get; private set; }

    public readonly bool IsEmpty => LengthBytes == 0;

    /// <summary>Whether an array is rented.</summary>
    public readonly bool IsRented => _bytes is not null;

    /// <summary>The bytes. They stay where they are until something is kept or given back.</summary>
    public readonly Span<byte> Bytes => _bytes.AsSpan(0, LengthBytes);

    /// <summary>Keeps bytes behind those that are there.</summary>
    public void Keep(ReadOnlySpan<byte> bytes)
    {
        int needed = LengthBytes + bytes.Length;
        if (_bytes is null || _bytes.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 256));
            Bytes.CopyTo(larger);
            if (_bytes is not null)
            {
                ArrayPool<byte>.Shared.Return(_bytes);
            }

            _bytes = larger;
        }

        bytes.CopyTo(_bytes.AsSpan(LengthBytes));
        LengthBytes = needed;
    }

    /// <summary>Removes bytes from the front. With none nothing is moved: a head that arrives byte by byte and is offered again each time must not cost the square of its length.</summary>
    public void Consume(int count)
    {
        if (count > 0)
        {
            Bytes[count..].CopyTo(_bytes);
            LengthBytes -= count;
        }
    }

    /// <summary>Gives the array back. Returns whether there was one.</summary>
    public bool Return()
    {
        if (_bytes is not { } bytes)
        {
            return false;
        }

        _bytes = null;
        LengthBytes = 0;
        ArrayPool<byte>.Shared.Return(bytes);
        return true;
    }
}
