namespace Engine;

/// <summary>From the queue to the kernel: flushing, and what is counted and announced as it drains.</summary>
public sealed partial class Connection
{
    /// <summary>Bytes that stayed behind at the end of the last turn. Loop only.</summary>
    internal int BacklogBytes => _backlog.Bytes;

    /// <summary>Since when some have. Loop only.</summary>
    internal long BacklogSinceMilliseconds => _backlog.SinceMilliseconds;

    /// <summary>
    /// Whether the peer still has bytes to take, and a mark of how many it took. Loop only; one system call. A peer that takes bytes is alive, however slow; one
    /// that owes an answer behind them cannot give it yet.
    /// </summary>
    public SendProgress GetSendProgress()
    {
        CheckLoop();
        TcpInfo info = _transport.GetTcpInfo();
        return info.IsKnown
            ? new SendProgress(BufferedBytes > 0 || info.HasUnacknowledged, info.AcknowledgedBytes, info.UnacknowledgedBytes < 0 ? -1 : BufferedBytes + info.UnacknowledgedBytes)
            : new SendProgress(BufferedBytes > 0, _progress.Mark, -1);
    }

    /// <summary>
    /// Returns what the connection has carried since it was first asked; two of them make a rate. The first call begins to count, at the cost of an object. Loop only.
    /// </summary>
    public ConnectionTraffic GetTraffic()
    {
        CheckLoop();
        ConnectionExtras extras = Extras;
        return new ConnectionTraffic(extras.ReceivedBytes, extras.SentBytes, NowMilliseconds);
    }

    /// <summary>
    /// Hands what is queued to the kernel now instead of at the turn's end, and returns <see cref="IsWritable"/>. Loop only. For protocols that write much
    /// within one callback, and must know when to stop: after false, <see cref="ConnectionProtocol.OnDrained"/> says when to go on.
    /// </summary>
    public bool FlushOutput()
    {
        CheckLoop();
        if (State < ConnectionState.Lingering)
        {
            Flush();
            if (!_queue.IsEmpty)
            {
                AskForTurnEnd();
            }
        }

        bool isWritable = IsWritable;
        if (!isWritable)
        {
            _budget.OweDrain();
        }

        return isWritable;
    }

    /// <summary>Offers the queue to the kernel, unless that is full. One system call when there is something.</summary>
    private void Flush()
    {
        if (_flush == FlushState.Blocked)
        {
            return;
        }

        if (_queue.Head is { } head)
        {
            Took(_queue.IsEmpty ? 0 : _transport.Flush(head));
        }

        _flush.Offered(_queue.IsEmpty);
        if (_flush == FlushState.Blocked && _deadlines.EngineAt == 0 && _options.WriteTimeout > TimeSpan.Zero)
        {
            BeginProgress(_options.WriteTimeout);
        }
    }

    private void Took(int takenBytes)
    {
        _queue.Consume(takenBytes);
        if (takenBytes > 0)
        {
            _budget.Release(takenBytes);
            if (_extras is { } extras)
            {
                extras.SentBytes += takenBytes;
            }

            _loop.Counters.CountSent(takenBytes);
            _progress.KernelTook(NowMilliseconds);
        }
    }

    /// <summary>At the turn's end: what stayed behind counts for the server's total, and a drain that took long counts as slow.</summary>
    private void CountBacklog()
    {
        // What is held was not offered to the kernel yet, and says nothing about the peer.
        int backlog = _flush == FlushState.Held ? 0 : _queue.LengthBytes;
        if (backlog == _backlog.Bytes)
        {
            return;
        }

        _loop.Counters.CountQueued(backlog - _backlog.Bytes);
        if (_backlog.Count(backlog, NowMilliseconds, _options))
        {
            _loop.Counters.CountSlowConsumer();
            _host.OnSlowConsumer(this);
        }
    }

    /// <summary>Ends the connection because its peer reads too slowly. The host is told, and may look at it meanwhile. Loop only.</summary>
    internal void EndSlowConsumer()
    {
        _loop.Counters.CountSlowConsumer();
        _host.OnSlowConsumerEnded(this);
        Abort(CloseReason.SlowConsumer);
    }

    /// <summary>Whether the queue is low enough to tell those who wait for that; a connection that lags also waits until the server has room.</summary>
    private bool IsDrained => _budget.IsLow && MayGrow;

    private void RaiseDrained()
    {
        if (!_budget.IsDrainOwed || !IsDrained || !_waiters.IsEmpty || State != ConnectionState.Open)
        {
            return;
        }

        _budget.TakeDrain(_options.LowWaterBytes);
        try
        {
            Protocol.OnDrained(this);
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }
}
