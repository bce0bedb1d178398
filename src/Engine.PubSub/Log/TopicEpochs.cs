using System.Security.Cryptography;

namespace Engine.PubSub;

/// <summary>Where the epochs of one hub begin: 44 random bits and room for a million topics above them, so that no two processes' epochs meet by chance.</summary>
internal static class TopicEpochs
{
    private const int CountBits = 20;

    public static ulong First()
    {
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(random);
        return ((BitConverter.ToUInt64(random) >> (CountBits)) << CountBits) >> 1 | 1;
    }
}
