namespace Engine.Http1;

/// <summary>What one peer may send and how long it may take. Each limit is answered with its proper status, then the connection closes. Fixed once the server has started.</summary>
public sealed class HttpLimits
{
    /// <summary>Bytes of the request line; 8,192 by default. A longer one is answered with 414.</summary>
    public int MaxRequestLineSize { get; set; } = 8192;

    /// <summary>Bytes of all header fields of one request, line ends included; 32,768 by default. More is answered with 431. It bounds what an unfinished head can hold.</summary>
    public int MaxRequestHeadersTotalSize { get; set; } = 32_768;

    /// <summary>Header fields of one request; 100 by default. More is answered with 431.</summary>
    public int MaxRequestHeaderCount { get; set; } = 100;

    /// <summary>Bytes of one request body after its transfer coding is removed; 30,000,000 by default. More is answered with 413.</summary>
    public long MaxRequestBodySize { get; set; } = 30_000_000;

    /// <summary>Bytes of chunk extensions in one body, which are read and ignored; 1,024 by default. More is answered with 400.</summary>
    public int MaxChunkExtensionsSize { get; set; } = 1024;

    /// <summary>Bytes of the trailer section of one body; 8,192 by default. More is answered with 431.</summary>
    public int MaxRequestTrailersTotalSize { get; set; } = 8192;

    /// <summary>Bytes of a body that a handler left unread which are read and thrown away so that the connection can go on; 65,536 by default. With more to come it closes.</summary>
    public int MaxUnreadBodySize { get; set; } = 65_536;

    /// <summary>How long a connection may be idle between two requests; 130 seconds by default. It is closed without a word.</summary>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>How long a request head may take from its first byte, or the first head from the accept; 30 seconds by default. Answered with 408.</summary>
    public TimeSpan RequestHeadersTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes a second that a body must bring on average while it is waited for; 240 by default, 0 turns it off. Answered with 408.</summary>
    public int MinRequestBodyDataRate { get; set; } = 240;

    /// <summary>How long a body may be slower than <see cref="MinRequestBodyDataRate"/> at its beginning; 5 seconds by default.</summary>
    public TimeSpan RequestBodyGracePeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Requests that one connection may carry; 0, the default, means no limit. The last answer says <c>Connection: close</c>.</summary>
    public int MaxRequestsPerConnection { get; set; }

    /// <summary>Whether POST, PUT and PATCH without a length are answered with 411 instead of being taken as empty (RFC 9110 §8.6). Off by default.</summary>
    public bool RequireContentLength { get; set; }

    /// <summary>Checks the values as the server's start does.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the parameter's name is the property's.</exception>
    public void Validate() => Freeze();

    internal HttpLimits Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRequestLineSize, 64, nameof(MaxRequestLineSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRequestHeadersTotalSize, 64, nameof(MaxRequestHeadersTotalSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRequestHeaderCount, 1, nameof(MaxRequestHeaderCount));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRequestBodySize, nameof(MaxRequestBodySize));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxChunkExtensionsSize, nameof(MaxChunkExtensionsSize));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRequestTrailersTotalSize, nameof(MaxRequestTrailersTotalSize));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxUnreadBodySize, nameof(MaxUnreadBodySize));
        ArgumentOutOfRangeException.ThrowIfNegative(MinRequestBodyDataRate, nameof(MinRequestBodyDataRate));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRequestsPerConnection, nameof(MaxRequestsPerConnection));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(KeepAliveTimeout, TimeSpan.Zero, nameof(KeepAliveTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RequestHeadersTimeout, TimeSpan.Zero, nameof(RequestHeadersTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RequestBodyGracePeriod, TimeSpan.Zero, nameof(RequestBodyGracePeriod));
        return (HttpLimits)MemberwiseClone();
    }
}
