using Engine.Http1;

namespace Engine.Sse;

/// <summary>How the streams of one end point begin, stay alive and are limited. Read when the end point is mapped.</summary>
public sealed class SseOptions
{
    /// <summary>How often a comment is sent, so that proxies keep a quiet stream and dead peers show; 30 seconds by default, <see cref="Timeout.InfiniteTimeSpan"/> turns it off.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Heartbeats in a row that may find no room before the stream's connection is closed; 3 by default.</summary>
    public int MaxMissedHeartbeats { get; set; } = 3;

    /// <summary>
    /// How long events of a stream may wait for others, to leave with them in one send; zero, the default, sends each at once. At most one second, in whole
    /// milliseconds, up to one more than asked for. It saves the server a system call for every event but one of each interval, and costs each event that
    /// much time and a stream up to 16 KB of its queue. More than that, a heartbeat and the stream's end do not wait.
    /// </summary>
    public TimeSpan CoalescingInterval { get; set; }

    /// <summary>What clients are told at the beginning to wait before they connect again; null, the default, leaves it to them.</summary>
    public TimeSpan? ReconnectionInterval { get; set; }

    /// <summary>A random time up to this is added to <see cref="ReconnectionInterval"/> for each stream, so that clients do not come back all at once; none by default.</summary>
    public TimeSpan ReconnectionJitter { get; set; }

    /// <summary>Streams open at once at this end point; 0, the default, means no limit. One more is answered with 503 and <c>Retry-After</c>.</summary>
    public int MaxStreams { get; set; }

    /// <summary>What Retry-After says when there is no room, in whole seconds; 5 seconds by default.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The origin that browsers may read the stream from (Access-Control-Allow-Origin); none by default.</summary>
    public string? AllowOrigin { get; set; }

    /// <summary>Whether browsers of that origin may send cookies along (Access-Control-Allow-Credentials). Not with the origin <c>*</c>.</summary>
    public bool AllowCredentials { get; set; }

    /// <summary>
    /// Asked before a stream starts. Answering false refuses: with the status that it set (401, 403, or 204, after which browsers do not connect again), else 403.
    /// </summary>
    public Func<HttpContext, ValueTask<bool>>? OnConnectAsync { get; set; }

    internal SseOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMissedHeartbeats, 1, nameof(MaxMissedHeartbeats));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxStreams, nameof(MaxStreams));
        ArgumentOutOfRangeException.ThrowIfLessThan(ReconnectionJitter, TimeSpan.Zero, nameof(ReconnectionJitter));
        ArgumentOutOfRangeException.ThrowIfLessThan(CoalescingInterval, TimeSpan.Zero, nameof(CoalescingInterval));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CoalescingInterval, TimeSpan.FromSeconds(1), nameof(CoalescingInterval));
        if (HeartbeatInterval <= TimeSpan.Zero && HeartbeatInterval != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(HeartbeatInterval));
        }

        if (AllowCredentials && AllowOrigin is (null or "*"))
        {
            throw new ArgumentException("Credentials are allowed to one named origin only.", nameof(AllowCredentials));
        }

        return (SseOptions)MemberwiseClone();
    }
}
