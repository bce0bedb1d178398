using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Engine.Http1;

/// <summary>
/// The answer to one request. What is written before the handler completes is held and leaves with its length in one send; more than 32 KB, or a flush,
/// starts it with the chunked coding unless <see cref="ContentLength"/> is set. Any thread, one at a time; valid as long as the context.
/// </summary>
public sealed partial class HttpResponse
{
    private const int MaxPendingBytes = 32_768;

    private readonly PendingBody _pending = new();
    private Connection? _connection;
    private ResponseEnvironment? _environment;
    private IResponseOwner? _owner;
    private bool _isEndAsked;
    private ResponseStream? _stream;
    private ResponseBodyWriter? _writer;
    private ResponseBodyStream? _body;
    private ResponseHeaders? _trailers;
    private int _statusCode = 200;
    private bool _isHead;
    private bool _isHttp10;

    /// <summary>Counts the responses that this object has been, so that work posted for one does not reach the next.</summary>
    private uint _generation;

    internal HttpResponse()
    {
    }

    /// <summary>200 by default, and 101 once an <see cref="UpgradeOffer"/> was accepted. 200 to 999 may be set.</summary>
    /// <exception cref="InvalidOperationException">The response has started.</exception>
    public int StatusCode
    {
        get => IsSwitching ? 101 : _statusCode;
        set
        {
            ThrowIfStarted();
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 200);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 999);
            _statusCode = value;
        }
    }

    /// <summary>The header fields. They cannot be changed once the response has started.</summary>
    public ResponseHeaders Headers { get; } = new();

    /// <summary>The Content-Type field; null leaves it out, but for text, which is <c>text/plain; charset=utf-8</c> unless it says otherwise.</summary>
    public string? ContentType
    {
        get => Headers.ContentType;
        set
        {
            Headers["Content-Type"] = value;
        }
    }

    /// <summary>The body's length in bytes when it is known before it is written. Exactly so many must be written.</summary>
    public long? ContentLength
    {
        get => Headers.ContentLength;
        set
        {
            ThrowIfStarted();
            if (value is { } length)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(value));
            }

            Headers.ContentLength = value;
        }
    }

    /// <summary>Whether the head has left, so that status and fields can no longer change.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>Whether a body has begun, written or held, so that <see cref="StartStream"/> is refused.</summary>
    public bool HasBody => HasStarted || _pending.Length > 0;

    /// <summary>Writes the body in place; a flush of it, <see cref="FlushAsync"/>, or the end of the handler sends it.</summary>
    /// <exception cref="InvalidOperationException">The response is a stream.</exception>
    public PipeWriter BodyWriter
    {
        get
        {
            ThrowIfStream();
            return _writer ??= new ResponseBodyWriter(this, _pending);
        }
    }

    /// <summary>The body for code that takes a <see cref="Stream"/>. Made on first use; it refuses use once the handler has completed.</summary>
    /// <exception cref="InvalidOperationException">The response is a stream.</exception>
    public Stream Body
    {
        get
        {
            ThrowIfStream();
            return _body ??= new ResponseBodyStream(this, _pending);
        }
    }

    /// <summary>Whether the connection goes on after this response.</summary>
    internal bool KeepAlive { get; set; }

    internal ResponseStream? Stream => _stream;

    /// <summary>Whether the request's offer to change the protocol was accepted.</summary>
    internal bool IsSwitching { get; set; }

    /// <summary>The request's body while its client waits for a 100: none may follow once the response has started.</summary>
    internal RequestBody? Expecting { get; set; }

    /// <summary>Writes JSON into the body; made on first use, then kept with the pooled context.</summary>
    internal JsonOutput? JsonOutput { get; set; }

    /// <summary>
    /// Adds a field behind the body (RFC 9112 §7.1.2). It makes the body chunked; HTTP/1.0 clients, and bodies whose length was said, get none. Announce it with a
    /// <c>Trailer</c> field where recipients need to know.
    /// </summary>
    /// <exception cref="ArgumentException">The name is no token, the value holds a forbidden character, or the field frames messages.</exception>
    public void AppendTrailer(string name, string value)
    {
        ThrowIfEnded();
        ResponseHeaders trailers = _trailers ??= new ResponseHeaders();
        trailers.Append(name, value);
        if (trailers.ContentLength is not null || trailers.ContentType is not null || trailers.WantsClose)
        {
            _trailers = null;
            throw new ArgumentException("A field that frames or describes the message stands before it.", nameof(name));
        }
    }

    /// <summary>Adds text to the body, as UTF-8.</summary>
    /// <exception cref="IOException">The peer is gone.</exception>
    /// <exception cref="InvalidOperationException">More is written than <see cref="ContentLength"/> says, or the response is a stream.</exception>
    public ValueTask WriteAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ThrowIfStream();
        if (!HasStarted)
        {
            Headers.ContentType ??= "text/plain; charset=utf-8";
        }

        Encoding.UTF8.GetBytes(text, _pending);
        return _pending.Length > MaxPendingBytes ? OnLoopAsync(default, cancellationToken) : default;
    }

    /// <summary>Adds bytes to the body. They are copied, or sent, before it completes; the memory must not change until then.</summary>
    /// <exception cref="IOException">The peer is gone.</exception>
    /// <exception cref="InvalidOperationException">More is written than <see cref="ContentLength"/> says, or the response is a stream.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        ThrowIfStream();
        if (bytes.Length <= MaxPendingBytes)
        {
            _pending.Write(bytes.Span);
            return _pending.Length > MaxPendingBytes ? OnLoopAsync(default, cancellationToken) : default;
        }

        return OnLoopAsync(bytes, cancellationToken);
    }

    /// <summary>Sends what was written, the head first if need be, and completes when there is room for more.</summary>
    /// <exception cref="IOException">The peer is gone.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfStream();
        return OnLoopAsync(default, cancellationToken, isFlush: true);
    }

    /// <summary>
    /// Starts a body of unknown length whose pressure is visible: the head leaves at once, chunked on HTTP/1.1, ended by the connection on HTTP/1.0.
    /// The response stays open until the handler completes. Loop only: a handler on the thread pool starts it by <see cref="Connection.Post"/>.
    /// </summary>
    /// <remarks>A stream that begins after the peer has gone is closed from the beginning; one that begins while the server stops is asked to end at once.</remarks>
    /// <exception cref="InvalidOperationException">The response has started, or something was written.</exception>
    public ResponseStream StartStream()
    {
        ThrowIfStream();
        if (HasBody)
        {
            throw new InvalidOperationException("A stream cannot be started: the response has begun as a plain one.");
        }

        if (!_connection!.IsOnLoop)
        {
            throw new InvalidOperationException("A stream is started on the connection's event loop.");
        }

        ContentLength = null;
        Start(wholeBytes: null);

        // If the peer or the server has ended already, nothing would tell the stream later.
        bool isOpen = (_framing.Kind is BodyFraming.Chunked or BodyFraming.Close) && _connection.IsOpen && !_connection.IsPeerClosed;
        _stream = new ResponseStream(_connection, _owner!, isChunked: _framing.Kind == BodyFraming.Chunked, isOpen, _environment!.Scheduling);
        if (_isEndAsked)
        {
            _stream.RequestEnd();
        }

        _connection.FlushOutput();
        return _stream;
    }

    /// <summary>The server stops: a stream is asked to end, now or when it begins. Loop only.</summary>
    internal void AskEnd()
    {
        _isEndAsked = true;
        _stream?.RaiseStopping();
        _stream?.RequestEnd();
    }

    internal void Begin(Connection connection, IResponseOwner owner, ResponseEnvironment environment, bool isHead, bool isHttp10, bool keepAlive)
    {
        _generation++;
        _connection = connection;
        _owner = owner;
        _environment = environment;
        _isHead = isHead;
        _isHttp10 = isHttp10;
        KeepAlive = keepAlive;
    }

    internal void Reset()
    {
        Headers.Clear();
        _pending.Clear();
        _body?.Detach();
        _body = null;
        DropEncoder();
        _stream = null;
        _trailers = null;
        _framing = default;
        _writtenBytes = 0;
        _isWriting = 0;
        _written = null;
        _isEndAsked = false;
        IsSwitching = false;
        Expecting = null;
        _statusCode = 200;
        HasStarted = false;
        End();
    }

    /// <summary>The request has ended: whoever still holds the response reaches no connection through it.</summary>
    internal void End()
    {
        _generation++;
        _connection = null;
        _owner = null;
    }

    private void ThrowIfEnded()
    {
        if (_connection is null)
        {
            throw EndedRequest.Exception();
        }
    }

    private void ThrowIfStarted()
    {
        ThrowIfEnded();
        if (HasStarted)
        {
            throw new InvalidOperationException("The response has started.");
        }
    }

    private void ThrowIfStream()
    {
        ThrowIfEnded();
        if (_stream is not null)
        {
            throw new InvalidOperationException("The response is a stream: it is written through it alone.");
        }
    }

    private void ThrowIfGone()
    {
        ThrowIfEnded();
        if (!_connection!.IsOpen)
        {
            ThrowGone();
        }
    }

    private static void ThrowGone() => throw new IOException("The connection has ended.");
}
