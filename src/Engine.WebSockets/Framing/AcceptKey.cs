using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Engine.WebSockets;

/// <summary>Sec-WebSocket-Key and the Sec-WebSocket-Accept that proves it was read (RFC 6455 §4.2.2). Pure.</summary>
internal static class AcceptKey
{
    /// <summary>16 bytes in Base64.</summary>
    public const int KeyLength = 24;

    private const int NonceBytes = 16;

    private static ReadOnlySpan<byte> Guid => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    /// <summary>Whether a key decodes to 16 bytes (§4.2.1).</summary>
    public static bool IsValid(ReadOnlySpan<char> key)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes + 2];
        return key.Length == KeyLength
            && Convert.TryFromBase64Chars(key, nonce, out int written)
            && written == NonceBytes
            && !key.ContainsAny(" \t\r\n");
    }

    /// <summary>The accept value of a key.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 §4.2.2 demands SHA-1; nothing is kept secret by it.")]
    public static string Compute(ReadOnlySpan<char> key)
    {
        Span<byte> input = stackalloc byte[KeyLength + 36];
        int length = Encoding.ASCII.GetBytes(key, input);
        Guid.CopyTo(input[length..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(input[..(length + Guid.Length)], hash);
        return Convert.ToBase64String(hash);
    }

    /// <summary>A fresh key for a client.</summary>
    public static string Create()
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        Span<byte> key = stackalloc byte[KeyLength];
        Base64.EncodeToUtf8(nonce, key, out _, out _);
        return Encoding.ASCII.GetString(key);
    }
}
