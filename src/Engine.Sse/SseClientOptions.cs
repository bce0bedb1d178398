namespace Engine.Sse;

/// <summary>How a client connects, and how it comes back. Read when the client is made.</summary>
public sealed class SseClientOptions
{
    /// <summary>What requests are sent with; it stays the caller's, and a timeout of its own must not end long responses. By default the client has one of its own.</summary>
    public HttpMessageInvoker? HttpClient { get; set; }

    /// <summary>Sent as <c>Last-Event-ID</c> with the first request, to go on where an earlier process stopped; none by default.</summary>
    public string? LastEventId { get; set; }

    /// <summary>How long to wait before connecting again until the server says otherwise (<c>retry:</c>); 3 seconds by default.</summary>
    public TimeSpan ReconnectionInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The wait doubles with each attempt that brought no event, up to this; 30 seconds by default. What the server asks for is kept, if it is longer.</summary>
    public TimeSpan MaxReconnectionInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Up to this part of the wait is added by chance, so that many clients do not come back at once; 0.2 by default.</summary>
    public double ReconnectionJitter { get; set; } = 0.2;

    /// <summary>Attempts in a row that bring no event before reading fails; 0, the default, means no limit.</summary>
    public int MaxAttempts { get; set; }

    /// <summary>A stream that brings nothing for so long, not even a comment, is given up and opened again; 90 seconds by default, three of the server's heartbeats.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>Adds to each request what it needs: fields, cookies, a method and a body.</summary>
    public Action<HttpRequestMessage>? ConfigureRequest { get; set; }

    /// <summary>Told before each wait: why, and how long. The reason is null when the server ended the stream in order.</summary>
    public Action<Exception?, TimeSpan>? OnReconnecting { get; set; }

    internal SseClientOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ReconnectionInterval, TimeSpan.Zero, nameof(ReconnectionInterval));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxReconnectionInterval, TimeSpan.Zero, nameof(MaxReconnectionInterval));
        ArgumentOutOfRangeException.ThrowIfNegative(ReconnectionJitter, nameof(ReconnectionJitter));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxAttempts, nameof(MaxAttempts));
        if (IdleTimeout <= TimeSpan.Zero && IdleTimeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(IdleTimeout));
        }

        return (SseClientOptions)MemberwiseClone();
    }
}
