namespace Engine;

/// <summary>From the queue to the kernel: flushing, and what is counted and announced as it drains.</summary>
public sealed partial class Connection
{
    /// <summary>Bytes that stayed behind at the end of the last turn. Loop only.</summary>
    internal int BacklogBytes => _countedBacklog;

    /// <summary>Since when some have. Loop only.</summary>
    internal long BacklogSinceMilliseconds => _backlogSince;

    /// <summary>
    /// Whether the peer still has bytes to take, and a mark of how many it took. Loop only; one system call. A peer that takes bytes is alive, however slow; one
    /// that owes an answer behind them cannot give it yet.
    /// </summary>
    public SendProgress GetSendProgress()
    {
        CheckLoop();
        TcpInfo info = _transport.GetTcpInfo();
        return info.IsKnown
            ? new SendProgress(BufferedBytes > 0 || info.HasUnacknowledged, info.AcknowledgedBytes)
            : new SendProgress(BufferedBytes > 0, _progressAt);
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
            OweDrain();
        }

        return isWritable;
    }

    void ITransportSink.OnFlushed(int takenBytes)
    {
        _flushPending = false;
        Took(takenBytes);
        AskForTurnEnd();
    }

    private void Flush()
    {
        _isHeld = false;
        _flushDue = false;
        if (_flushPending || _queue.Head is not { } head)
        {
            return;
        }

        Took(_queue.IsEmpty ? 0 : _transport.Flush(head));
        if (!_queue.IsEmpty)
        {
            _flushPending = true;
            if (_engineDue == 0 && _host.Options.WriteTimeout > TimeSpan.Zero)
            {
                MarkProgress();
                ArmProgressCheck(_host.Options.WriteTimeout);
            }
        }
    }

    private void Took(int takenBytes)
    {
        _queue.Consume(takenBytes);
        if (takenBytes > 0)
        {
            Interlocked.Add(ref _bufferedBytes, -takenBytes);
            _loop.Counters.CountSent(takenBytes);
            _progressAt = NowMilliseconds;
        }
    }

    /// <summary>At the turn's end: what stayed behind counts for the server's total, and a drain that took long counts as slow.</summary>
    private void CountBacklog()
    {
        // What is held was not offered to the kernel yet, and says nothing about the peer.
        int backlog = _isHeld ? 0 : _queue.LengthBytes;
        if (backlog == _countedBacklog)
        {
            return;
        }

        _loop.Counters.CountQueued(backlog - _countedBacklog);
        if (_countedBacklog == 0)
        {
            _backlogSince = NowMilliseconds;
        }
        else if (backlog == 0)
        {
            CountSlowWrite(NowMilliseconds - _backlogSince);
        }

        _countedBacklog = backlog;
    }

    private void CountSlowWrite(long milliseconds)
    {
        if (milliseconds <= _host.Options.SlowWriteThreshold.TotalMilliseconds)
        {
            _slowWrites = 0;
            return;
        }

        if (++_slowWrites >= _host.Options.SlowWriteCount)
        {
            _slowWrites = 0;
            _loop.Counters.CountSlowConsumer();
            try
            {
                _host.OnSlowConsumer(this);
            }
            catch (Exception exception)
            {
                Fault(exception);
            }
        }
    }

    /// <summary>A drain is to be announced, at the low-water mark. Any thread.</summary>
    private void OweDrain()
    {
        if (Volatile.Read(ref _drainOwed) == DrainNotOwed)
        {
            Interlocked.CompareExchange(ref _drainOwed, DrainOwed, DrainNotOwed);
        }
    }

    /// <summary>
    /// A message was refused: the drain is announced when it would fit. Announced any sooner, a sender that tries again would be refused again, and again, and
    /// keep the loop to itself. Any thread.
    /// </summary>
    private void OweDrainFor(int lengthBytes)
    {
        int fitsAt = Math.Clamp(_host.Options.MaxOutboundBytes - lengthBytes, 0, _host.Options.LowWaterBytes);
        int drainAt = Volatile.Read(ref _drainAtBytes);
        while (fitsAt < drainAt)
        {
            int seen = Interlocked.CompareExchange(ref _drainAtBytes, fitsAt, drainAt);
            if (seen == drainAt)
            {
                break;
            }

            drainAt = seen;
        }

        Volatile.Write(ref _drainOwed, DrainOwedToRefused);
    }

    /// <summary>Whether the queue is low enough for everybody who waits to hear so; a connection that lags also waits until the server has room.</summary>
    private bool IsDrained => BufferedBytes <= Volatile.Read(ref _drainAtBytes) && (_countedBacklog == 0 || !_host.IsOverTotal);

    private void RaiseDrained()
    {
        if (_drainOwed == DrainNotOwed || !IsDrained || _firstWaiter is not null || State != ConnectionState.Open)
        {
            return;
        }

        Interlocked.Exchange(ref _drainOwed, DrainNotOwed);
        Volatile.Write(ref _drainAtBytes, _host.Options.LowWaterBytes);
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
