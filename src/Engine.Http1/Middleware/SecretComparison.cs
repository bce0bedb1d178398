using System.Security.Cryptography;
using System.Text;

namespace Engine.Http1;

/// <summary>Compares secrets so that the time it takes tells nothing about them.</summary>
public static class SecretComparison
{
    /// <summary>
    /// Whether two texts are the same. The time depends on the length of <paramref name="presented"/> alone, which its sender knows.
    /// </summary>
    public static bool AreEqual(ReadOnlySpan<char> presented, ReadOnlySpan<char> expected)
    {
        Span<byte> left = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> right = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(presented, left);
        Hash(expected, right);
        return CryptographicOperations.FixedTimeEquals(left, right);
    }

    /// <summary>Whether two runs of bytes are the same. The time depends on the length of <paramref name="presented"/> alone.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> presented, ReadOnlySpan<byte> expected)
    {
        Span<byte> left = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> right = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(presented, left);
        SHA256.HashData(expected, right);
        return CryptographicOperations.FixedTimeEquals(left, right);
    }

    private static void Hash(ReadOnlySpan<char> text, Span<byte> hash)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        SHA256.HashData(bytes, hash);
        CryptographicOperations.ZeroMemory(bytes);
    }
}
