namespace Engine.PubSub;

/// <summary>Which of several brokers a topic belongs to: the one whose name weighs most with the topic's. Pure, and the same in every process.</summary>
internal static class RendezvousHash
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    public static int Choose(ReadOnlySpan<ulong> brokers, string topic)
    {
        ulong hash = Of(topic);
        int best = 0;
        ulong most = 0;
        for (int i = 0; i < brokers.Length; i++)
        {
            ulong weight = Mix(brokers[i] ^ hash);
            if (weight >= most)
            {
                most = weight;
                best = i;
            }
        }

        return best;
    }

    /// <summary>FNV-1a over the UTF-16 code units, mixed.</summary>
    public static ulong Of(string text)
    {
        ulong hash = Offset;
        foreach (char character in text)
        {
            hash = (hash ^ (byte)character) * Prime;
            hash = (hash ^ (byte)(character >> 8)) * Prime;
        }

        return Mix(hash);
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
