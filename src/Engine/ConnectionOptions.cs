namespace Engine;

/// <summary>What each connection may hold and how long it may take. Fixed once the server has started.</summary>
public sealed class ConnectionOptions
{
    /// <summary>
    /// Bytes that the engine holds for one connection and the kernel has not taken. 65,536 by default, 1,024 at least.
    /// Raising it multiplies what slow peers can pin: 100,000 frozen peers times this many bytes.
    /// </summary>
    public int MaxOutboundBytes { get; set; } = 65_536;

    /// <summary>Queued bytes from which a send answers <see cref="SendStatus.Queued"/>; half of <see cref="MaxOutboundBytes"/> when 0, the default.</summary>
    public int HighWaterBytes { get; set; }

    /// <summary>Queued bytes below which the drain is announced; a quarter of <see cref="MaxOutboundBytes"/> when 0, the default.</summary>
    public int LowWaterBytes { get; set; }

    /// <summary>What happens to a message that finds the queue full. <see cref="BackpressurePolicy.Wait"/> by default.</summary>
    public BackpressurePolicy Backpressure { get; set; } = BackpressurePolicy.Wait;

    /// <summary>
    /// How long queued bytes may make no progress before the connection is aborted; 30 seconds by default.
    /// A dead peer holds its queue for this long. <see cref="Timeout.InfiniteTimeSpan"/> turns it off, which is unsafe with untrusted peers.
    /// </summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a graceful close waits for the peer's FIN before it resets; 5 seconds by default. A silent peer holds a descriptor for this long.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes that are read and thrown away while a graceful close waits for the peer; 1 MiB by default. A peer that sends more is reset.</summary>
    public int MaxLingerBytes { get; set; } = 1 << 20;

    /// <summary>A drain that took longer than this counts as a slow write; 100 milliseconds by default.</summary>
    public TimeSpan SlowWriteThreshold { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Slow writes in a row that make a connection a slow consumer, which raises <see cref="EngineServer.SlowConsumer"/>; 5 by default.</summary>
    public int SlowWriteCount { get; set; } = 5;

    internal ConnectionOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutboundBytes, 1024, nameof(MaxOutboundBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(HighWaterBytes, nameof(HighWaterBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(LowWaterBytes, nameof(LowWaterBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxLingerBytes, nameof(MaxLingerBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(SlowWriteCount, 1, nameof(SlowWriteCount));
        var frozen = (ConnectionOptions)MemberwiseClone();
        frozen.HighWaterBytes = HighWaterBytes == 0 ? MaxOutboundBytes / 2 : HighWaterBytes;
        frozen.LowWaterBytes = LowWaterBytes == 0 ? Math.Min(MaxOutboundBytes / 4, frozen.HighWaterBytes) : LowWaterBytes;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frozen.HighWaterBytes, MaxOutboundBytes, nameof(HighWaterBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frozen.LowWaterBytes, frozen.HighWaterBytes, nameof(LowWaterBytes));
        return frozen;
    }
}
