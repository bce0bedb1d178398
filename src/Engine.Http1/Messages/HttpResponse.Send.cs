using System.Buffers;

namespace Engine.Http1;

/// <summary>Head and body on their way into the connection's queue.</summary>
public sealed partial class HttpResponse
{
    private ValueTask OnLoopAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken, bool isFlush = false)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Connection connection = _connection ?? throw EndedRequest.Exception();
        if (_encoder is not null && IsEncoding())
        {
            return EncodeAsync(connection, bytes, isFlush);
        }

        return ToLoopAsync(connection, bytes, _generation);
    }

    private ValueTask ToLoopAsync(Connection connection, ReadOnlyMemory<byte> bytes, uint generation)
        => connection.IsOnLoop ? SendAsync(bytes) : ForeignAsync(connection, bytes, generation);

    /// <summary>From another thread: does the same on the loop.</summary>
    private async ValueTask ForeignAsync(Connection connection, ReadOnlyMemory<byte> bytes, uint generation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Post(_ => _ = RunAsync(), null);
        await done.Task;

        async Task RunAsync()
        {
            try
            {
                if (_generation != generation)
                {
                    throw EndedRequest.Exception();
                }

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
}
