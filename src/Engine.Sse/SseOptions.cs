using Engine.Http1;

namespace Engine.Sse;

/// <summary>How the streams of one end point begin, stay alive and are limited. Read when the end point is mapped.</summary>
public sealed class SseOptions
{
    /// <summary>The methods that the route answers, each once; GET by default, and HEAD comes with it. POST for clients that send a question along.</summary>
    public IReadOnlyList<string> Methods { get; set; } = ["GET"];

    /// <summary>
    /// How often a comment is sent, so that proxies keep a quiet stream and dead peers show; 30 seconds by default, <see cref="Timeout.InfiniteTimeSpan"/> turns it
    /// off. The first one comes after a second if no event has, for those on the way who wait for the first byte.
    /// </summary>
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

    /// <summary>
    /// When the server stops, each client is told (<c>retry:</c>) to come back at a moment of its own within so long, so that they do not all come at once;
    /// 5 seconds by default, at most an hour; zero tells nothing. Browsers keep it until they are told otherwise: set <see cref="ReconnectionInterval"/> for that.
    /// </summary>
    public TimeSpan ReconnectWindow { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Streams open at once at this end point; 0, the default, means no limit. One more is answered with 503 and <c>Retry-After</c>, or as
    /// <see cref="EndWhenFull"/> says.
    /// </summary>
    public int MaxStreams { get; set; }

    /// <summary>What clients are told when there is no room, in whole seconds; 5 seconds by default.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// What a client gets for which there is no room. False, the default: 503 with <c>Retry-After</c>. It ends a browser's <c>EventSource</c> for good, as every
    /// status but 200 does (WHATWG HTML §9.2.3), so the page has to make another. True: 200 with a stream that says <c>retry:</c> with <see cref="RetryAfter"/> and
    /// ends, after which browsers come back by themselves.
    /// </summary>
    public bool EndWhenFull { get; set; }

    /// <summary>
    /// The query parameter that says what a client has seen when it sends no <c>Last-Event-ID</c>, such as a page that was rendered with a position;
    /// <c>last_event_id</c> by default, null for none.
    /// </summary>
    public string? LastEventIdParameter { get; set; } = "last_event_id";

    /// <summary>
    /// The origins whose pages may ask for the stream, as browsers write them (<c>https://example.org</c>); empty, the default, asks nobody. A request with another
    /// <c>Origin</c> is answered with 403 before anything else; one without is no page of another origin. The origin is named in Access-Control-Allow-Origin.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; } = [];

    /// <summary>The origin that browsers may read the stream from (Access-Control-Allow-Origin), whoever asks; none by default. Not with <see cref="AllowedOrigins"/>.</summary>
    public string? AllowOrigin { get; set; }

    /// <summary>Whether browsers of that origin may send cookies along (Access-Control-Allow-Credentials). Not with the origin <c>*</c>.</summary>
    public bool AllowCredentials { get; set; }

    /// <summary>
    /// Asked before a stream starts. Answering false refuses: with the status that it set (401, 403, or 204), else 403. Browsers do not connect again after any.
    /// </summary>
    public Func<HttpContext, ValueTask<bool>>? OnConnectAsync { get; set; }

    internal SseOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMissedHeartbeats, 1, nameof(MaxMissedHeartbeats));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxStreams, nameof(MaxStreams));
        ArgumentOutOfRangeException.ThrowIfLessThan(ReconnectionJitter, TimeSpan.Zero, nameof(ReconnectionJitter));
        ArgumentOutOfRangeException.ThrowIfLessThan(ReconnectWindow, TimeSpan.Zero, nameof(ReconnectWindow));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ReconnectWindow, TimeSpan.FromHours(1), nameof(ReconnectWindow));
        ArgumentOutOfRangeException.ThrowIfLessThan(CoalescingInterval, TimeSpan.Zero, nameof(CoalescingInterval));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CoalescingInterval, TimeSpan.FromSeconds(1), nameof(CoalescingInterval));
        if (HeartbeatInterval <= TimeSpan.Zero && HeartbeatInterval != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(HeartbeatInterval));
        }

        if (AllowCredentials && AllowedOrigins.Count == 0 && AllowOrigin is (null or "*"))
        {
            throw new ArgumentException("Credentials are allowed to named origins only.", nameof(AllowCredentials));
        }

        ArgumentNullException.ThrowIfNull(Methods, nameof(Methods));
        ArgumentNullException.ThrowIfNull(AllowedOrigins, nameof(AllowedOrigins));
        if (Methods.Count == 0)
        {
            throw new ArgumentException("A route answers at least one method.", nameof(Methods));
        }

        if (AllowedOrigins.Count > 0 && AllowOrigin is not null)
        {
            throw new ArgumentException("Either one origin is named to everybody, or the list decides.", nameof(AllowOrigin));
        }

        if (AllowedOrigins.FirstOrDefault(static origin => !IsOrigin(origin)) is { } wrong)
        {
            throw new ArgumentException($"No origin as browsers write it: {wrong}", nameof(AllowedOrigins));
        }

        var copy = (SseOptions)MemberwiseClone();
        copy.Methods = [.. Methods];
        copy.AllowedOrigins = [.. AllowedOrigins];
        return copy;
    }

    /// <summary>Scheme, host and port if it is not the scheme's own; no path and no slash at the end.</summary>
    private static bool IsOrigin(string origin)
        => Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            && uri.UserInfo.Length == 0
            && uri.GetLeftPart(UriPartial.Authority).Equals(origin, StringComparison.OrdinalIgnoreCase);
}
