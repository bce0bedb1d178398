namespace Engine.Http1;

/// <summary>What one multipart body may hold. More is refused with 413 while it comes in.</summary>
public sealed class MultipartLimits
{
    /// <summary>Parts of one body; 1,000 by default.</summary>
    public int MaxParts { get; init; } = 1000;

    /// <summary>
    /// Bytes of the header of one part, and of what may stand before the first; 8,192 by default. They are held in memory. At most 65,536.
    /// </summary>
    public int MaxPartHeaderBytes { get; init; } = 8192;

    /// <summary>
    /// Bytes of the content of one part; 134,217,728 (128 MiB) by default. They are not held: <see cref="HttpLimits.MaxRequestBodySize"/>
    /// bounds all of them together.
    /// </summary>
    public long MaxPartBytes { get; init; } = 128L << 20;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxParts, 1, nameof(MaxParts));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPartHeaderBytes, 64, nameof(MaxPartHeaderBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxPartHeaderBytes, 65_536, nameof(MaxPartHeaderBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxPartBytes, nameof(MaxPartBytes));
    }
}
