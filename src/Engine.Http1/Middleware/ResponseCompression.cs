using System.Collections.Frozen;
using System.IO.Compression;

namespace Engine.Http1;

/// <summary>Compresses responses for clients that take it (RFC 9110 §8.4, §12.5.3).</summary>
public static class ResponseCompression
{
    /// <summary>
    /// Makes middleware that compresses what the handlers behind it write. A response keeps its form if it is small, of another media type,
    /// encoded already, a part (206), or says <c>Cache-Control: no-transform</c>. A flush by the handler flushes the coding too. What
    /// depends on the client's Accept-Encoding says so in Vary, and a strong ETag becomes weak.
    /// </summary>
    /// <remarks>
    /// Over TLS do not compress a response that holds a secret beside text that a stranger chooses: its length tells about the secret
    /// (BREACH). Use it on the routes that are free of them.
    /// </remarks>
    /// <param name="options">Null is the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static HttpMiddleware Create(ResponseCompressionOptions? options = null)
    {
        var rules = new CompressionRules(options ?? new ResponseCompressionOptions());
        return (context, next) =>
        {
            context.Response.UseEncoder(new CompressingEncoder(rules, context.Request.ChooseCoding(rules.Codings)));
            return next(context);
        };
    }
}

/// <summary>The options as the encoders read them. Immutable.</summary>
internal sealed class CompressionRules
{
    private readonly FrozenSet<string> _types;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _typesBySpan;
    private readonly int _minLengthBytes;

    public CompressionRules(ResponseCompressionOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.MinLengthBytes, nameof(options.MinLengthBytes));
        Codings = options.Codings;
        Level = options.Level;
        _minLengthBytes = options.MinLengthBytes;
        _types = options.MediaTypes.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _typesBySpan = _types.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public ContentCodings Codings { get; }

    public CompressionLevel Level { get; }

    /// <summary>Whether the coding of this response depends on the client.</summary>
    public bool Concern(HttpResponse response, long? lengthBytes)
        => response.StatusCode is not (204 or 206)
            && !(lengthBytes < _minLengthBytes)
            && response.ContentType is { } type && HasType(type)
            && response.Headers["Content-Encoding"] is null
            && response.Headers["Content-Range"] is null
            && response.Headers["Cache-Control"]?.Contains("no-transform", StringComparison.OrdinalIgnoreCase) != true;

    /// <summary>Whether a media type is listed: itself, with any subtype, or with any subtype of its suffix.</summary>
    internal bool HasType(ReadOnlySpan<char> type)
    {
        int end = type.IndexOf(';');
        type = (end < 0 ? type : type[..end]).Trim();
        if (_typesBySpan.Contains(type))
        {
            return true;
        }

        int slash = type.IndexOf('/');
        if (slash < 0 || type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        Span<char> pattern = stackalloc char[64];
        int plus = type.LastIndexOf('+');
        ReadOnlySpan<char> suffix = plus > slash ? type[plus..] : default;
        return Fill(pattern, type[..(slash + 1)], "*", default) is { IsEmpty: false } any
            && (_typesBySpan.Contains(any)
                || (!suffix.IsEmpty && Fill(pattern, type[..(slash + 1)], "*", suffix) is { IsEmpty: false } suffixed && _typesBySpan.Contains(suffixed)));
    }

    private static ReadOnlySpan<char> Fill(Span<char> destination, ReadOnlySpan<char> first, ReadOnlySpan<char> second, ReadOnlySpan<char> third)
    {
        int length = first.Length + second.Length + third.Length;
        if (length > destination.Length)
        {
            return default;
        }

        first.CopyTo(destination);
        second.CopyTo(destination[first.Length..]);
        third.CopyTo(destination[(first.Length + second.Length)..]);
        return destination[..length];
    }
}
