using System.Buffers;

namespace Engine.Http1;

/// <summary>
/// Head and body on their way into the connection's queue. One write is under way at a time: the next one fails until it has ended, and the end of the
/// response waits for it.
/// </summary>
public sealed partial class HttpResponse
{
    /// <summary>A large write goes out in pieces of this size, so that its token is honoured between two of them and no chunk is left open.</summary>
    private const int SliceBytes = 32_768;

    /// <summary>After so many bytes of one write the loop's other connections have their turn.</summary>
    private const int MaxBytesPerTurn = 262_144;

    private ResponseFraming _framing;
    private long _writtenBytes;
    private int _isWriting;
    private TaskCompletionSource? _written;

    /// <summary>Bytes of the body that were handed to the connection so far, after any content coding.</summary>
    public long BodyBytes => Volatile.Read(ref _writtenBytes);

    private ValueTask OnLoopAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken, bool isFlush = false)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Connection connection = _connection ?? throw EndedRequest.Exception();
        if (Interlocked.Exchange(ref _isWriting, 1) != 0)
        {
            throw new InvalidOperationException("A write of this response is under way: await it before the next.");
        }

        ValueTask writing;
        try
        {
            writing = _encoder is not null && IsEncoding()
                ? EncodeAsync(connection, bytes, isFlush, cancellationToken)
                : ToLoopAsync(connection, bytes, _generation, cancellationToken);
        }
        catch
        {
            EndWrite();
            throw;
        }

        if (writing.IsCompleted)
        {
            EndWrite();
            return writing;
        }

        return WatchAsync(writing);
    }

    private async ValueTask WatchAsync(ValueTask writing)
    {
        try
        {
            await writing;
        }
        finally
        {
            EndWrite();
        }
    }

    private void EndWrite()
    {
        Interlocked.Exchange(ref _isWriting, 0);
        Interlocked.Exchange(ref _written, null)?.TrySetResult();
    }

    /// <summary>Completes when the write that nobody awaited has ended, however it did.</summary>
    private Task WhenWrittenAsync()
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _written, written);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isWriting) == 0)
        {
            written.TrySetResult();
        }

        return written.Task;
    }

    private ValueTask ToLoopAsync(Connection connection, ReadOnlyMemory<byte> bytes, uint generation, CancellationToken cancellationToken)
        => connection.IsOnLoop ? SendAsync(connection, bytes, cancellationToken) : ForeignAsync(connection, bytes, generation, cancellationToken);

    /// <summary>From another thread: does the same on the loop.</summary>
    private async ValueTask ForeignAsync(Connection connection, ReadOnlyMemory<byte> bytes, uint generation, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Post(_ => _ = RunAsync(), null);
        await done.Task;

        async Task RunAsync()
        {
            try
            {
                ThrowIfAnother(generation);
                await SendAsync(connection, bytes, cancellationToken);
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }
    }

    private ValueTask SendAsync(Connection connection, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ThrowIfGone();
        if (!HasStarted)
        {
            Start(wholeBytes: null);
        }

        WritePending();
        if (!bytes.IsEmpty && _framing.HasBody)
        {
            return SendSlicesAsync(connection, bytes, cancellationToken);
        }

        return connection.FlushOutput() ? default : WaitAsync(connection, cancellationToken);
    }

    private async ValueTask SendSlicesAsync(Connection connection, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ThrowIfTooLong(bytes.Length);
        uint generation = _generation;
        int ofTurn = 0;
        while (true)
        {
            int count = Math.Min(bytes.Length, SliceBytes);
            WriteBody(bytes.Span[..count]);
            bytes = bytes[count..];
            ofTurn += count;
            if (!connection.FlushOutput())
            {
                await WaitAsync(connection, cancellationToken);
                ofTurn = 0;
            }

            if (bytes.IsEmpty)
            {
                return;
            }

            if (ofTurn >= MaxBytesPerTurn)
            {
                await Task.Yield();
                ofTurn = 0;
            }

            if (!connection.IsOnLoop)
            {
                // Host code replaced the loop's context.
                await ReturnToLoopAsync(connection).ConfigureAwait(false);
            }

            ThrowIfAnother(generation);
            ThrowIfGone();
        }
    }

    private static Task ReturnToLoopAsync(Connection connection)
    {
        var onLoop = new TaskCompletionSource();
        connection.Post(static state => ((TaskCompletionSource)state!).SetResult(), onLoop);
        return onLoop.Task;
    }

    private static async ValueTask WaitAsync(Connection connection, CancellationToken cancellationToken)
    {
        if (await connection.WhenWritableAsync(cancellationToken) == SendStatus.Closed)
        {
            ThrowGone();
        }
    }

    /// <summary>Writes the head; when the whole body is known, its length and the body behind it.</summary>
    private void Start(int? wholeBytes)
    {
        HasStarted = true;
        Expecting?.ForgetContinue();
        Headers.Freeze();
        _framing = ResponseFraming.Decide(_statusCode, _isHead, _isHttp10, Headers.ContentLength, wholeBytes, KeepAlive && !Headers.WantsClose);
        KeepAlive = _framing.KeepAlive;
        ReadOnlySpan<byte> body = default;
        if (wholeBytes is { } length)
        {
            body = _framing.HasBody ? _pending.Bytes : default;
            _writtenBytes = _framing.Kind == BodyFraming.None ? 0 : length;
        }

        WriteHead(KeepAlive ? (_isHttp10 ? "Connection: keep-alive\r\n"u8 : default) : "Connection: close\r\n"u8, body);
        if (wholeBytes is not null)
        {
            _pending.Clear();
        }
    }

    private void WriteHead(ReadOnlySpan<byte> connectionLines, ReadOnlySpan<byte> body)
    {
        var head = new ResponseHead
        {
            StatusCode = StatusCode,
            Headers = Headers,
            Framing = _framing,
            DateLine = _environment!.Date.Line(_connection!.NowMilliseconds),
            ServerLine = _environment.ServerLine.Span,
            ConnectionLines = connectionLines,
        };
        head.Write(_connection.Output, body);
    }

    private void WritePending()
    {
        if (_pending.Length == 0)
        {
            return;
        }

        if (_framing.HasBody)
        {
            ThrowIfTooLong(_pending.Length);
            WriteBody(_pending.Bytes);
        }

        _pending.Clear();
    }

    /// <summary>Appends bytes of the body to the queue, as one chunk where there are chunks.</summary>
    private void WriteBody(ReadOnlySpan<byte> bytes)
    {
        if (_framing.Kind == BodyFraming.Chunked)
        {
            ChunkedEncoder.Write(_connection!.Output, bytes);
        }
        else
        {
            _connection!.Output.Write(bytes);
        }

        Volatile.Write(ref _writtenBytes, _writtenBytes + bytes.Length);
    }

    private void ThrowIfTooLong(int lengthBytes)
    {
        if (_framing.Kind == BodyFraming.Length && _writtenBytes + lengthBytes > _framing.LengthBytes)
        {
            throw new InvalidOperationException($"More was written than ContentLength says: {_writtenBytes + lengthBytes} of {_framing.LengthBytes} bytes.");
        }
    }

    private void ThrowIfAnother(uint generation)
    {
        if (_generation != generation)
        {
            throw EndedRequest.Exception();
        }
    }
}
