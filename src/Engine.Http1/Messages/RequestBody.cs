using System.IO.Pipelines;

namespace Engine.Http1;

/// <summary>
/// A body on its way from the connection to a handler: the loop feeds it, the handler reads it, from any thread. Its pressure pauses receiving.
/// Pooled by the loop.
/// </summary>
internal sealed class RequestBody : PipeReader
{
    private const int PauseBytes = 65_536;

    private readonly Pipe _pipe;
    private Connection? _connection;
    private ChunkedDecoder _decoder;
    private long _left;
    private long _taken;
    private bool _isChunked;
    private bool _isDiscarded;
    private bool _isReaderDone;
    private int _continueOwed;

    /// <param name="readerScheduler">Where a handler goes on that reads without a context of its own: inline for handlers of the loop.</param>
    public RequestBody(PipeScheduler readerScheduler)
        => _pipe = new Pipe(new PipeOptions(
            readerScheduler: readerScheduler, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: PauseBytes, resumeWriterThreshold: PauseBytes / 2));

    internal PoolLease Lease;

    /// <summary>Whether the last byte has come, or nothing more is taken.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Bytes after decoding so far.</summary>
    public long TakenBytes => _taken;

    /// <summary>Whether a client that was told to wait has not been told to go on: it may never send the body.</summary>
    public bool IsContinueOwed => Volatile.Read(ref _continueOwed) != 0;

    /// <summary>Whether the rest may be read and thrown away within so many bytes, as far as the head tells.</summary>
    public bool CanDrain(int maxBytes) => !IsContinueOwed && (_isChunked || _left <= maxBytes);

    public void Begin(Connection connection, RequestHead head)
    {
        _connection = connection;
        _isChunked = head.IsChunked;
        _left = Math.Max(head.ContentLength, 0);
        _continueOwed = head.ExpectsContinue ? 1 : 0;
    }

    /// <summary>Takes what belongs to the body from the front of <paramref name="bytes"/>. Loop only. Answers how many bytes.</summary>
    public int Feed(ReadOnlySpan<byte> bytes, HttpLimits limits, out HttpRejection rejection)
    {
        rejection = HttpRejection.None;
        if (bytes.IsEmpty)
        {
            return 0;
        }

        // Whoever sends the body does not wait for the answer any more (RFC 9110 §10.1.1).
        Interlocked.Exchange(ref _continueOwed, 0);
        if (!_isChunked)
        {
            int count = (int)Math.Min(_left, bytes.Length);
            _left -= count;
            Take(bytes[..count]);
            if (_left == 0)
            {
                End();
            }

            return count;
        }

        int total = 0;
        while (_decoder.TryRead(bytes[total..], limits, out ReadOnlySpan<byte> data, out int consumed, out rejection))
        {
            total += consumed;
            if (_decoder.IsDone)
            {
                End();
                return total;
            }

            if (_taken + data.Length > limits.MaxRequestBodySize)
            {
                rejection = HttpRejection.ContentTooLarge;
                return total;
            }

            Take(data);
        }

        return bytes.Length;
    }

    /// <summary>Makes what was fed readable. False when the reader has to catch up first; the answer then completes when it has, on the loop.</summary>
    public bool TryFlush(out ValueTask<FlushResult> flush)
    {
        flush = default;
        if (IsComplete || _isDiscarded)
        {
            return true;
        }

        flush = _pipe.Writer.FlushAsync();
        if (!flush.IsCompleted)
        {
            return false;
        }

        FlushResult result = flush.GetAwaiter().GetResult();
        _isReaderDone |= result.IsCompleted;
        return true;
    }

    /// <summary>The handler is done: what still comes is thrown away. Loop only.</summary>
    public void Discard()
    {
        _isDiscarded = true;
        _pipe.Reader.Complete();
        _taken = 0;
    }

    /// <summary>No more will come. Loop only.</summary>
    public void Fail(string why)
    {
        if (!IsComplete)
        {
            IsComplete = true;
            _pipe.Writer.Complete(new RequestBodyException(why));
        }
    }

    /// <summary>
    /// The request has ended, but its reader may be anywhere: it fails from now on, and the body is not used again. Loop only.
    /// </summary>
    public void Close()
    {
        _isDiscarded = true;
        if (!IsComplete)
        {
            IsComplete = true;
            _pipe.Writer.Complete(EndedRequest.Exception());
        }

        _pipe.Reader.Complete();
    }

    /// <summary>Ready for the next request. Loop only; both ends are done.</summary>
    public void Reset()
    {
        _pipe.Reader.Complete();
        _pipe.Writer.Complete();
        _pipe.Reset();
        _connection = null;
        _decoder = default;
        _taken = 0;
        _isDiscarded = false;
        _isReaderDone = false;
        _continueOwed = 0;
        IsComplete = false;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        SayContinue();
        return _pipe.Reader.ReadAsync(cancellationToken);
    }

    public override bool TryRead(out ReadResult result)
    {
        SayContinue();
        return _pipe.Reader.TryRead(out result);
    }

    public override void AdvanceTo(SequencePosition consumed) => _pipe.Reader.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _pipe.Reader.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => _pipe.Reader.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _pipe.Reader.Complete(exception);

    private void SayContinue()
    {
        if (Interlocked.Exchange(ref _continueOwed, 0) != 0)
        {
            _connection!.TrySendControl(StatusLines.ContinueResponse);
        }
    }

    private void Take(ReadOnlySpan<byte> data)
    {
        _taken += data.Length;
        if (!_isDiscarded && !_isReaderDone)
        {
            System.Buffers.BuffersExtensions.Write(_pipe.Writer, data);
        }
    }

    private void End()
    {
        IsComplete = true;
        _pipe.Writer.Complete();
    }
}
