namespace Engine;

/// <summary>What each connection may hold and how long it may take. Fixed once the server has started.</summary>
public sealed class ConnectionOptions
{
    /// <summary>
    /// Bytes that the engine holds for one connection and the kernel has not taken. 65,536 by default, 1,024 at least. One message that is larger is accepted
    /// when nothing else waits, and then waits alone.
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
    /// How long queued bytes may make no progress before the connection is aborted; 30 seconds by default. Progress is what the peer acknowledged, where the
    /// kernel tells (Linux), so a slow reader is not a dead one. A dead peer holds its queue for this long, and up to a quarter more. <see cref="Timeout.InfiniteTimeSpan"/> turns it off, which is unsafe with untrusted peers.
    /// </summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a graceful close waits for the peer's FIN, counted from when the peer last took bytes; 5 seconds by default. Then the socket is closed, and the
    /// kernel delivers what it still holds. A silent peer holds a descriptor for this long; <see cref="Timeout.InfiniteTimeSpan"/> waits without limit.
    /// </summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a graceful close may take in all, however steadily the peer reads; then the connection is reset. 1 hour by default.
    /// A hostile peer that takes a byte at a time holds a descriptor and a queue for this long; <see cref="Timeout.InfiniteTimeSpan"/> turns it off.
    /// </summary>
    public TimeSpan MaxCloseTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Bytes that are read and thrown away while a graceful close waits for the peer; 1 MiB by default. A peer that sends more is reset.</summary>
    public int MaxLingerBytes { get; set; } = 1 << 20;

    /// <summary>A drain that took longer than this counts as a slow write; 100 milliseconds by default.</summary>
    public TimeSpan SlowWriteThreshold { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Slow writes in a row that make a connection a slow consumer, which raises <see cref="EngineServer.SlowConsumer"/>; 5 by default.</summary>
    public int SlowWriteCount { get; set; } = 5;

    /// <summary>Checks the values as the server's start does.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the parameter's name is the property's.</exception>
    public void Validate() => Freeze();

    internal ConnectionOptions Clone() => (ConnectionOptions)MemberwiseClone();

    /// <summary>Returns a checked copy, with every default in its place.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the parameter's name is the property's.</exception>
    public ConnectionOptions Freeze()
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
