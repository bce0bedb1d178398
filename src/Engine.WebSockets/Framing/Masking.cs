using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Engine.WebSockets;

/// <summary>
/// XOR with the four bytes of a masking key (RFC 6455 §5.3), in place: the widest vectors that the machine has, then narrower ones, then single
/// bytes for the tail. Pure. Allocates nothing.
/// </summary>
internal static class Masking
{
    /// <summary>
    /// Masks or unmasks. Answers the key for the byte that follows, so that a payload may come in pieces of any size.
    /// </summary>
    /// <param name="bytes">Changed in place.</param>
    /// <param name="mask">The key as it lies in memory; its lowest byte belongs to the first of <paramref name="bytes"/>.</param>
    public static uint Apply(Span<byte> bytes, uint mask)
    {
        if (mask == 0)
        {
            return 0;
        }

        ref byte first = ref MemoryMarshal.GetReference(bytes);
        int length = bytes.Length;
        int i = 0;
        if (BitConverter.IsLittleEndian && length >= Vector128<byte>.Count)
        {
            if (Vector512.IsHardwareAccelerated && length >= Vector512<byte>.Count)
            {
                var key = Vector512.Create(mask).AsByte();
                for (; i <= length - Vector512<byte>.Count; i += Vector512<byte>.Count)
                {
                    (Vector512.LoadUnsafe(ref first, (nuint)i) ^ key).StoreUnsafe(ref first, (nuint)i);
                }
            }

            if (Vector256.IsHardwareAccelerated && length - i >= Vector256<byte>.Count)
            {
                var key = Vector256.Create(mask).AsByte();
                for (; i <= length - Vector256<byte>.Count; i += Vector256<byte>.Count)
                {
                    (Vector256.LoadUnsafe(ref first, (nuint)i) ^ key).StoreUnsafe(ref first, (nuint)i);
                }
            }

            var narrow = Vector128.Create(mask).AsByte();
            for (; i <= length - Vector128<byte>.Count; i += Vector128<byte>.Count)
            {
                (Vector128.LoadUnsafe(ref first, (nuint)i) ^ narrow).StoreUnsafe(ref first, (nuint)i);
            }
        }

        // A small message's tail in words: a chat line is seldom a multiple of sixteen.
        for (; i <= length - sizeof(uint); i += sizeof(uint))
        {
            Span<byte> word = bytes.Slice(i, sizeof(uint));
            BinaryPrimitives.WriteUInt32LittleEndian(word, BinaryPrimitives.ReadUInt32LittleEndian(word) ^ mask);
        }

        // Every step above is a multiple of four, so the key has not turned.
        uint turned = mask;
        for (; i < length; i++)
        {
            bytes[i] ^= (byte)turned;
            turned = BitOperations.RotateRight(turned, 8);
        }

        return turned;
    }
}
