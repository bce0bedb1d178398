using System.Buffers;
using System.Diagnostics;
using System.Text;

namespace Engine.Http1;

/// <summary>
/// The answer to one request. What is written before the handler completes is held and leaves with its length in one send; more than 32 KB, or a flush,
/// starts it with the chunked coding unless <see cref="ContentLength"/> is set. Any thread, one at a time; valid as long as the context.
/// </summary>
public sealed class HttpResponse
{
    private const int MaxPendingBytes = 32_768;

    private readonly PendingBody _pending = new();
    private Connection? _connection;
    private ResponseEnvironment? _environment;
    private ResponseStream? _stream;
    private BodyFraming _framing;
    private long _writtenBytes;
    private int _statusCode = 200;
    private bool _isHead;
    private bool _isHttp10;

    internal HttpResponse()
    {
    }

    /// <summary>200 by default. 100 to 999, but 101 belongs to <see cref="UpgradeOffer"/>.</summary>
    /// <exception cref="InvalidOperationException">The response has started.</exception>
    public int StatusCode
    {
        get => _statusCode;
        set
        {
            ThrowIfStarted();
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 200);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 999);
            _statusCode = value;
        }
    }

    /// <summary>The header fields. Changes after the response has started have no effect.</summary>
    public ResponseHeaders Headers { get; } = new();

    /// <summary>The Content-Type field; null leaves it out, but for text, which is <c>text/plain; charset=utf-8</c> unless it says otherwise.</summary>
    public string? ContentType
    {
        get => Headers.ContentType;
        set
        {
            if (value is not null)
            {
                ResponseHeaders.CheckValue(value);
            }

            Headers.ContentType = value;
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

    /// <summary>Writes the body in place; <see cref="FlushAsync"/>, or the end of the handler, sends it.</summary>
    /// <exception cref="InvalidOperationException">The response is a stream.</exception>
    public IBufferWriter<byte> BodyWriter
    {
        get
        {
            ThrowIfStream();
            return _pending;
        }
    }

    /// <summary>Whether the connection goes on after this response.</summary>
    internal bool KeepAlive { get; set; }

    internal ResponseStream? Stream => _stream;

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
        return _pending.Length > MaxPendingBytes ? FlushAsync(cancellationToken) : default;
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
            return _pending.Length > MaxPendingBytes ? FlushAsync(cancellationToken) : default;
        }

        return OnLoopAsync(bytes, cancellationToken);
    }

    /// <summary>Sends what was written, the head first if need be, and completes when there is room for more.</summary>
    /// <exception cref="IOException">The peer is gone.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfStream();
        return OnLoopAsync(default, cancellationToken);
    }

    /// <summary>
    /// Starts a body of unknown length whose pressure is visible: the head leaves at once, chunked on HTTP/1.1, ended by the connection on HTTP/1.0.
    /// The response stays open until the handler completes. Loop only.
    /// </summary>
    /// <exception cref="InvalidOperationException">The response has started, or something was written.</exception>
    public ResponseStream StartStream()
    {
        ThrowIfStream();
        if (HasStarted || _pending.Length > 0)
        {
            throw new InvalidOperationException("A stream cannot be started: the response has begun as a plain one.");
        }

        if (!_connection!.IsOnLoop)
        {
            throw new InvalidOperationException("A stream is started on the connection's event loop.");
        }

        ContentLength = null;
        Start(bodyLength: null);
        _stream = new ResponseStream(_connection!, isChunked: _framing == BodyFraming.Chunked, isOpen: _framing is BodyFraming.Chunked or BodyFraming.Close);
        _connection!.FlushOutput();
        return _stream;
    }

    internal void Begin(Connection connection, ResponseEnvironment environment, bool isHead, bool isHttp10, bool keepAlive)
    {
        _connection = connection;
        _environment = environment;
        _isHead = isHead;
        _isHttp10 = isHttp10;
        KeepAlive = keepAlive;
    }

    internal void Reset()
    {
        Headers.Clear();
        _pending.Clear();
        _stream = null;
        _framing = BodyFraming.None;
        _writtenBytes = 0;
        _statusCode = 200;
        HasStarted = false;
    }

    /// <summary>Forgets what a handler prepared before it failed.</summary>
    internal void Restart(int statusCode)
    {
        Debug.Assert(!HasStarted, "A head that has left cannot be taken back.");
        Headers.Clear();
        _pending.Clear();
        _statusCode = statusCode;
    }

    /// <summary>The body of an error.</summary>
    internal void SetText(string text)
    {
        Headers.ContentType = "text/plain; charset=utf-8";
        Encoding.UTF8.GetBytes(text, _pending);
    }

    /// <summary>The handler is done: sends what is left. Loop only. False when the body is not what its head said, so that only an abort is honest.</summary>
    internal bool TryComplete(out ValueTask<SendStatus> sending)
    {
        sending = new ValueTask<SendStatus>(SendStatus.Sent);
        if (_stream is not null)
        {
            sending = _stream.CompleteAsync();
            return true;
        }

        if (!HasStarted)
        {
            Start(_pending.Length);
            return _framing != BodyFraming.Length || _isHead || _writtenBytes == Headers.ContentLength.GetValueOrDefault(_writtenBytes);
        }

        if (!_connection!.IsOpen)
        {
            return false;
        }

        WritePending();
        if (_framing == BodyFraming.Chunked)
        {
            _connection.Output.Write(ChunkedEncoder.End);
        }

        return _framing != BodyFraming.Length || _isHead || _writtenBytes == Headers.ContentLength;
    }

    /// <summary>Writes the head of a protocol change. Loop only.</summary>
    internal void WriteSwitch(ReadOnlySpan<byte> connectionLines)
    {
        _statusCode = 101;
        Headers.ContentLength = null;
        Headers.ContentType = null;
        HasStarted = true;
        ResponseHeadWriter.Write(
            _connection!.Output, 101, Headers, _environment!.Date.Line(_connection.NowMilliseconds), _environment.ServerLine.Span, connectionLines, BodyFraming.None, 0, []);
    }

    private ValueTask OnLoopAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _connection!.IsOnLoop ? SendAsync(bytes) : ForeignAsync(bytes);
    }

    /// <summary>From another thread: does the same on the loop.</summary>
    private async ValueTask ForeignAsync(ReadOnlyMemory<byte> bytes)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connection!.Post(_ => _ = RunAsync(), null);
        await done.Task;

        async Task RunAsync()
        {
            try
            {
                await SendAsync(bytes);
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }
    }

    private ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        ThrowIfGone();
        if (!HasStarted)
        {
            Start(bodyLength: null);
        }

        WritePending();
        if (!bytes.IsEmpty && !_isHead && _framing != BodyFraming.None)
        {
            return SendLargeAsync(bytes);
        }

        return _connection!.FlushOutput() ? default : WaitAsync();
    }

    private async ValueTask SendLargeAsync(ReadOnlyMemory<byte> bytes)
    {
        Count(bytes.Length);
        byte[] prefix = [];
        if (_framing == BodyFraming.Chunked)
        {
            Span<byte> line = stackalloc byte[ChunkedEncoder.MaxSizeLineBytes];
            prefix = line[..ChunkedEncoder.WriteSizeLine(line, bytes.Length)].ToArray();
        }

        Connection connection = _connection!;
        SendStatus status = await connection.SendAsync(prefix, bytes);
        if (status is SendStatus.Closed or SendStatus.Dropped)
        {
            ThrowGone();
        }

        // Back on the loop or not, a small message keeps its place behind the large one.
        if (_framing == BodyFraming.Chunked && await connection.SendAsync("\r\n"u8.ToArray()) is SendStatus.Closed or SendStatus.Dropped)
        {
            ThrowGone();
        }
    }

    private async ValueTask WaitAsync()
    {
        if (await _connection!.WhenWritableAsync() == SendStatus.Closed)
        {
            ThrowGone();
        }
    }

    /// <summary>Writes the head; with a known length also the whole body behind it.</summary>
    private void Start(int? bodyLength)
    {
        HasStarted = true;
        bool hasNoBody = _statusCode is 204 or 304;
        ReadOnlySpan<byte> body = default;
        long length = 0;
        if (hasNoBody)
        {
            _framing = BodyFraming.None;
        }
        else if (Headers.ContentLength is { } declared)
        {
            _framing = BodyFraming.Length;
            length = declared;
        }
        else if (bodyLength is { } known)
        {
            _framing = BodyFraming.Length;
            length = known;
        }
        else if (_isHead)
        {
            _framing = BodyFraming.None;
        }
        else
        {
            _framing = _isHttp10 ? BodyFraming.Close : BodyFraming.Chunked;
            KeepAlive &= !_isHttp10;
        }

        if (bodyLength is not null && _framing == BodyFraming.Length)
        {
            body = _isHead ? default : _pending.Bytes;
            _writtenBytes = _pending.Length;
            if (body.Length > length)
            {
                body = body[..(int)length];
            }
        }

        KeepAlive &= !Headers.WantsClose;
        ReadOnlySpan<byte> connectionLine = KeepAlive
            ? (_isHttp10 ? "Connection: keep-alive\r\n"u8 : default)
            : "Connection: close\r\n"u8;
        ResponseHeadWriter.Write(
            _connection!.Output,
            _statusCode,
            Headers,
            _environment!.Date.Line(_connection.NowMilliseconds),
            _environment.ServerLine.Span,
            connectionLine,
            _framing,
            length,
            body);
        if (bodyLength is not null)
        {
            _pending.Clear();
        }
    }

    private void WritePending()
    {
        ReadOnlySpan<byte> bytes = _pending.Bytes;
        if (bytes.IsEmpty)
        {
            return;
        }

        if (!_isHead && _framing != BodyFraming.None)
        {
            Count(bytes.Length);
            if (_framing == BodyFraming.Chunked)
            {
                ChunkedEncoder.Write(_connection!.Output, bytes);
            }
            else
            {
                _connection!.Output.Write(bytes);
            }
        }

        _pending.Clear();
    }

    private void Count(int lengthBytes)
    {
        _writtenBytes += lengthBytes;
        if (_framing == BodyFraming.Length && _writtenBytes > Headers.ContentLength)
        {
            throw new InvalidOperationException("More was written than Content-Length says.");
        }
    }

    private void ThrowIfStarted()
    {
        if (HasStarted)
        {
            throw new InvalidOperationException("The response has started.");
        }
    }

    private void ThrowIfStream()
    {
        if (_stream is not null)
        {
            throw new InvalidOperationException("The response is a stream: it is written through it alone.");
        }
    }

    private void ThrowIfGone()
    {
        if (!_connection!.IsOpen)
        {
            ThrowGone();
        }
    }

    private static void ThrowGone() => throw new IOException("The connection has ended.");
}
