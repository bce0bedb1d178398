using System.Buffers;

namespace Engine.Http1;

/// <summary>
/// A response's body as a <see cref="Stream"/> that is written. Asynchronous writes wait for the peer; synchronous ones cannot, because they would block the event
/// loop: they are held in memory, up to a bound, until the next asynchronous call. Belongs to one request.
/// </summary>
internal sealed class ResponseBodyStream(HttpResponse response, PendingBody pending) : Stream
{
    /// <summary>What synchronous writes may hold in memory.</summary>
    internal const int MaxHeldBytes = 1 << 20;

    private HttpResponse? _response = response;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => _response is not null;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The request is over: the response behind this stream may already belong to another.</summary>
    internal void Detach() => _response = null;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _ = Response;
        if (pending.Length + (long)buffer.Length > MaxHeldBytes)
        {
            throw new InvalidOperationException($"Synchronous writes hold at most {MaxHeldBytes} bytes: use WriteAsync, or FlushAsync in between.");
        }

        pending.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override void WriteByte(byte value) => Write([value]);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => Response.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Response.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Does nothing: a synchronous flush would have to wait for the peer on the event loop.</summary>
    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Response.FlushAsync(cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private HttpResponse Response => _response ?? throw EndedRequest.Exception();
}
