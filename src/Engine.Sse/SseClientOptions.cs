namespace Engine.Sse;

/// <summary>How a client connects, and how it comes back. Read when the client is made.</summary>
public sealed class SseClientOptions
{
    /// <summary>
    /// What requests are sent with; it stays the caller's. By default the client has one of its own. A timeout of an <see cref="System.Net.Http.HttpClient"/>
    /// bounds the wait for the response's head. For ids that are not ASCII its handler must send <c>Last-Event-ID</c> as UTF-8, as one of
    /// <see cref="SseClient.CreateHandler"/> does.
    /// </summary>
    public HttpMessageInvoker? HttpClient { get; set; }

    /// <summary>Sent as <c>Last-Event-ID</c> with the first request, to go on where an earlier process stopped; none by default.</summary>
    public string? LastEventId { get; set; }

    /// <summary>How long to wait before connecting again until the server says otherwise (<c>retry:</c>); 3 seconds by default.</summary>
    public TimeSpan ReconnectionInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The shortest wait before connecting again, whatever the server asks for or <see cref="ReconnectionInterval"/> says; 500 milliseconds by default, at
    /// least 1. With a small value a server that sends <c>retry: 0</c> and ends each stream makes the client busy.
    /// </summary>
    public TimeSpan MinReconnectionInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The wait doubles with each attempt that brought no event, up to this; 30 seconds by default. A longer wait that the server asks for is kept.</summary>
    public TimeSpan MaxReconnectionInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Up to this part of the wait is added by chance, so that many clients do not come back at once; 0.2 by default.</summary>
    public double ReconnectionJitter { get; set; } = 0.2;

    /// <summary>Attempts in a row that bring no event before reading fails; 0, the default, means no limit.</summary>
    public int MaxAttempts { get; set; }

    /// <summary>
    /// A connection that brings nothing for this long, neither the response's head nor a comment, is given up and opened again; 90 seconds by default, three of
    /// the server's heartbeats. <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.
    /// </summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>The largest event in bytes, its lines without comments; 16 MB by default, at most 1 GB. Reading fails at a larger one. The client may hold twice as much.</summary>
    public int MaxEventBytes { get; set; } = 16 << 20;

    /// <summary>Adds to each request what it needs: fields, cookies, a method and a body.</summary>
    public Action<HttpRequestMessage>? ConfigureRequest { get; set; }

    /// <summary>Told before each wait: why, and how long. The reason is null when the server ended the stream in order.</summary>
    public Action<Exception?, TimeSpan>? OnReconnecting { get; set; }

    internal SseClientOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ReconnectionInterval, TimeSpan.Zero, nameof(ReconnectionInterval));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxReconnectionInterval, TimeSpan.Zero, nameof(MaxReconnectionInterval));
        ArgumentOutOfRangeException.ThrowIfLessThan(MinReconnectionInterval, TimeSpan.FromMilliseconds(1), nameof(MinReconnectionInterval));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxEventBytes, 1, nameof(MaxEventBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxEventBytes, 1 << 30, nameof(MaxEventBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(ReconnectionJitter, nameof(ReconnectionJitter));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxAttempts, nameof(MaxAttempts));
        if (IdleTimeout <= TimeSpan.Zero && IdleTimeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(IdleTimeout));
        }

        return (SseClientOptions)MemberwiseClone();
    }
}
