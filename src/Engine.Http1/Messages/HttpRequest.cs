using System.IO.Pipelines;
using System.Net;
using System.Text;

namespace Engine.Http1;

/// <summary>
/// A request, as a view of its received bytes; strings are made when asked for. Valid as long as the context, later use throws
/// <see cref="ObjectDisposedException"/>; for one thread at a time.
/// </summary>
public sealed class HttpRequest
{
    private const int KeptBytes = 4096;

    private byte[] _bytes = [];
    private byte[] _normalized = [];
    private int _normalizedLength = -1;
    private int _pathStart;
    private int _pathLength;
    private string? _method;
    private string? _path;
    private string? _query;
    private bool _isLive;

    internal HttpRequest()
    {
    }

    /// <summary>The method as it came: methods are case-sensitive (RFC 9110 §9.1).</summary>
    public string Method => _method ??= MethodName(RawMethod);

    /// <summary>The method's bytes.</summary>
    public ReadOnlySpan<byte> RawMethod => HeadBytes.Slice(Head.MethodStart, Head.MethodLength);

    /// <summary>HTTP/1.0 or HTTP/1.1.</summary>
    public Version Version => Head.IsHttp10 ? HttpVersion.Version10 : HttpVersion.Version11;

    /// <summary>The request target as it came (RFC 9112 §3.2).</summary>
    public ReadOnlySpan<byte> RawTarget => HeadBytes.Slice(Head.TargetStart, Head.TargetLength);

    /// <summary>The target's path as it came, without the query. "*" for the asterisk form; empty when an absolute target has none.</summary>
    public ReadOnlySpan<byte> RawPath => RawTarget.Slice(_pathStart, _pathLength);

    /// <summary>The target's query as it came, without the question mark; empty when there is none.</summary>
    public ReadOnlySpan<byte> RawQuery
    {
        get
        {
            int start = _pathStart + _pathLength + 1;
            return start >= Head.TargetLength ? default : RawTarget[start..];
        }
    }

    /// <summary>The path percent-decoded, except for %2F, and without dot segments: what routes are matched with.</summary>
    public string Path => _path ??= Encoding.UTF8.GetString(RoutePath);

    /// <summary>The query as it came, without the question mark; empty when there is none.</summary>
    public string Query => _query ??= Encoding.Latin1.GetString(RawQuery);

    /// <summary>The header fields.</summary>
    public RequestHeaders Headers => new(this);

    /// <summary>The cookies.</summary>
    public RequestCookies Cookies => new(this);

    /// <summary>The body's length when the head tells it; null for a chunked body, 0 when there is none.</summary>
    public long? ContentLength => Head.IsChunked ? null : Math.Max(Head.ContentLength, 0);

    /// <summary>Whether a body follows the head, though it may turn out to be empty when it is chunked.</summary>
    public bool HasBody => Head.IsChunked || Head.ContentLength > 0;

    /// <summary>
    /// The body without its transfer coding. Reading may be slower than the peer sends: it is then held back by TCP. The first read answers
    /// <c>Expect: 100-continue</c>. What is left unread is thrown away within <see cref="HttpLimits.MaxUnreadBodySize"/>.
    /// </summary>
    /// <remarks>Reads end with <see cref="RequestBodyException"/> when the peer breaks the framing, is too slow, sends too much or goes away.</remarks>
    public PipeReader Body => !_isLive ? throw EndedRequest.Exception() : (PipeReader?)BodyPipe ?? EmptyBody.Instance;

    /// <summary><see cref="Body"/> for code that takes a <see cref="Stream"/>. Read one of the two; disposing it leaves the rest of the body unread.</summary>
    public Stream BodyStream => Body.AsStream();

    internal RequestHead Head { get; } = new();

    internal RequestBody? BodyPipe { get; set; }

    internal uint BodyLease { get; set; }

    internal ReadOnlySpan<byte> HeadBytes => _isLive ? _bytes : throw EndedRequest.Exception();

    /// <summary>What routes are matched with.</summary>
    internal ReadOnlySpan<byte> RoutePath => _normalizedLength < 0 || !_isLive ? RawPath : _normalized.AsSpan(0, _normalizedLength);

    /// <summary>Takes a copy of the head, so that it outlives the receive buffer. False when the path is not acceptable.</summary>
    internal bool Attach(ReadOnlySpan<byte> head)
    {
        if (_bytes.Length < head.Length)
        {
            _bytes = new byte[Math.Max(512, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)head.Length))];
        }

        head.CopyTo(_bytes);
        _isLive = true;
        ReadOnlySpan<byte> target = RawTarget;
        _pathStart = RequestTarget.PathStart(target, Head.Form);
        int query = target[_pathStart..].IndexOf((byte)'?');
        _pathLength = query < 0 ? target.Length - _pathStart : query;
        ReadOnlySpan<byte> path = RawPath;
        if (path.IsEmpty)
        {
            // RFC 9112 §3.2.2: an absolute target without a path means the root.
            return Normalize("/"u8);
        }

        return RequestTarget.IsPlain(path) || Normalize(path);
    }

    internal void Reset()
    {
        _isLive = false;
        Head.Reset();
        _normalizedLength = -1;
        _method = null;
        _path = null;
        _query = null;
        if (_bytes.Length > KeptBytes)
        {
            _bytes = [];
            _normalized = [];
        }
    }

    private bool Normalize(ReadOnlySpan<byte> path)
    {
        if (_normalized.Length < path.Length)
        {
            _normalized = new byte[path.Length];
        }

        _normalizedLength = RequestTarget.Normalize(path, _normalized);
        return _normalizedLength >= 0;
    }

    private static string MethodName(ReadOnlySpan<byte> method) => method.Length switch
    {
        3 when method.SequenceEqual("GET"u8) => "GET",
        3 when method.SequenceEqual("PUT"u8) => "PUT",
        4 when method.SequenceEqual("POST"u8) => "POST",
        4 when method.SequenceEqual("HEAD"u8) => "HEAD",
        5 when method.SequenceEqual("PATCH"u8) => "PATCH",
        5 when method.SequenceEqual("TRACE"u8) => "TRACE",
        6 when method.SequenceEqual("DELETE"u8) => "DELETE",
        7 when method.SequenceEqual("OPTIONS"u8) => "OPTIONS",
        _ => Encoding.ASCII.GetString(method),
    };
}
