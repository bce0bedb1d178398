using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using System.Net;

namespace Engine.Sse;

/// <summary>What a client makes of a response's head (WHATWG HTML §9.2.2, RFC 9110).</summary>
internal static class EventStreamResponse
{
    private static ReadOnlySpan<char> MediaType => "text/event-stream";

    /// <summary>Whether another attempt may bring what this one did not: the server is busy or failing.</summary>
    public static bool IsTemporary(HttpStatusCode status) => status == HttpStatusCode.TooManyRequests || (int)status >= 500;

    /// <summary>Whether the content is a stream of events: the type's essence is compared without case, its parameters do not matter.</summary>
    public static bool IsEventStream(HttpContent content)
    {
        // The field as it came: what WHATWG's parser takes, such as a lone semicolon at the end, the typed property refuses.
        if (!content.Headers.NonValidated.TryGetValues("Content-Type", out var values))
        {
            return false;
        }

        ReadOnlySpan<char> value = values.ToString();
        int end = value.IndexOf(';');
        return (end < 0 ? value : value[..end]).Trim(" \t").Equals(MediaType, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// How long Retry-After asks to wait, in seconds or until a date (RFC 9110 §10.2.3); null without one. A date is read against the response's own
    /// <c>Date</c>, so that two clocks that differ do not matter.
    /// </summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.Headers.RetryAfter is not { } field)
        {
            return null;
        }

        TimeSpan wait = field.Delta ?? field.Date.GetValueOrDefault() - (response.Headers.Date ?? TimeProvider.System.GetUtcNow());
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>Undoes the content coding, which a server may have applied unasked. False for one that is not known.</summary>
    public static bool TryDecode(HttpContent content, Stream body, [NotNullWhen(true)] out Stream? decoded)
    {
        decoded = body;
        foreach (string coding in content.Headers.ContentEncoding.Reverse())
        {
            decoded = decoded is null ? null : Decode(coding, decoded);
        }

        return decoded is not null;
    }

    private static Stream? Decode(string coding, Stream body) => coding.ToUpperInvariant() switch
    {
        "IDENTITY" => body,
        "GZIP" or "X-GZIP" => new GZipStream(body, CompressionMode.Decompress),
        "BR" => new BrotliStream(body, CompressionMode.Decompress),
        "DEFLATE" => new ZLibStream(body, CompressionMode.Decompress),
        _ => null,
    };
}
