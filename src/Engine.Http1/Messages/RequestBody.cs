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
    private long _maxBytes;
    private long _takenBefore;
    private long _watchedSince;
    private int _continue;

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
    public bool IsContinueOwed => Volatile.Read(ref _continue) == (int)ContinueState.Owed;

    /// <summary>When the rate of the body is judged next, by the loop's clock; 0 when it is not watched.</summary>
    public long DueAt { get; private set; }

    /// <summary>Whether the rest may be read and thrown away within so many bytes, as far as the head tells.</summary>
    public bool CanDrain(int maxBytes) => !IsContinueOwed && (_isChunked || _left <= maxBytes);

    public void Begin(Connection connection, RequestHead head, long maxBytes)
    {
        _connection = connection;
        _maxBytes = maxBytes;
        _isChunked = head.IsChunked;
        _left = Math.Max(head.ContentLength, 0);
        _continue = (int)(head.ExpectsContinue ? ContinueState.Owed : ContinueState.None);
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
        ForgetContinue();
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

            if (_taken + data.Length > _maxBytes)
            {
                rejection = HttpRejection.ContentTooLarge;
                return total;
            }

            Take(data);
        }

        if (rejection == HttpRejection.None && _decoder.PendingBytes > _maxBytes - _taken)
        {
            // Known from the chunk's size: nobody has to send what is refused.
            rejection = HttpRejection.ContentTooLarge;
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

    /// <summary>No more will come: reads fail with <paramref name="why"/>. Loop only.</summary>
    public void Fail(Exception why)
    {
        if (!IsComplete)
        {
            IsComplete = true;
            DueAt = 0;
            _pipe.Writer.Complete(why);
        }
    }

    /// <summary>No 100 is sent any more: the response has begun, or the client has (RFC 9110 §10.1.1).</summary>
    public void ForgetContinue() => Interlocked.CompareExchange(ref _continue, (int)ContinueState.None, (int)ContinueState.Owed);

    /// <summary>Begins to watch the rate, as if the body began now. Loop only.</summary>
    public void Watch(long now, TimeSpan grace)
    {
        _watchedSince = now;
        _takenBefore = _taken;
        DueAt = now + Math.Max((long)grace.TotalMilliseconds, 1);
    }

    /// <summary>The rate is not watched while the peer is not waited for. Loop only.</summary>
    public void Unwatch() => DueAt = 0;

    /// <summary>Whether the body came slower since it is watched than it has to. While a client waits for a 100 it is not waited for. Loop only.</summary>
    public bool IsTooSlow(long now, int minBytesPerSecond)
    {
        if (Interlocked.CompareExchange(ref _continue, (int)ContinueState.None, (int)ContinueState.Said) == (int)ContinueState.Said)
        {
            // The client has only now been told to begin.
            return false;
        }

        return !IsContinueOwed && (_taken - _takenBefore) * 1000 < minBytesPerSecond * (now - _watchedSince);
    }

    /// <summary>
    /// The request has ended, but its reader may be anywhere: it fails from now on, and the body is not used again. Loop only.
    /// </summary>
    public void Close()
    {
        _isDiscarded = true;
        DueAt = 0;
        Interlocked.Exchange(ref _continue, (int)ContinueState.None);
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
        _continue = (int)ContinueState.None;
        DueAt = 0;
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

    /// <summary>On the loop, so that it goes before the response that the handler may begin next, or not at all.</summary>
    private void SayContinue()
    {
        if (!IsContinueOwed)
        {
            return;
        }

        if (_connection!.IsOnLoop)
        {
            SendContinue();
        }
        else
        {
            _connection.Post(static state => ((RequestBody)state!).SendContinue(), this);
        }
    }

    private void SendContinue()
    {
        if (Interlocked.CompareExchange(ref _continue, (int)ContinueState.Said, (int)ContinueState.Owed) == (int)ContinueState.Owed)
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
        DueAt = 0;
        _pipe.Writer.Complete();
    }

    /// <summary>What became of <c>Expect: 100-continue</c>.</summary>
    private enum ContinueState
    {
        /// <summary>Nothing is owed.</summary>
        None = 0,

        /// <summary>The client waits for a 100 before it sends the body.</summary>
        Owed,

        /// <summary>The 100 was sent, and the rate has not been judged since.</summary>
        Said,
    }
}
