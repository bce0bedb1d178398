namespace Engine;

/// <summary>The counters of one loop. Written by the loop only, so they need no interlocked arithmetic; read by anyone.</summary>
internal sealed class LoopCounters
{
    private long _connectionsAccepted;
    private long _connectionsClosed;
    private long _bytesReceived;
    private long _bytesSent;
    private long _queuedBytes;
    private long _droppedMessages;
    private long _slowConsumers;
    private long _rentedRemainders;
    private long _turns;
    private long _longestTurnMilliseconds;
    private TurnWatch _turnWatch;

    public long ConnectionsAccepted => Volatile.Read(ref _connectionsAccepted);

    public long ConnectionsClosed => Volatile.Read(ref _connectionsClosed);

    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Bytes that stayed behind after a flush, over the loop's connections.</summary>
    public long QueuedBytes => Volatile.Read(ref _queuedBytes);

    public long DroppedMessages => Volatile.Read(ref _droppedMessages);

    public long SlowConsumers => Volatile.Read(ref _slowConsumers);

    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Arrays that hold bytes of unfinished heads or of paused connections.</summary>
    public long RentedRemainders => Volatile.Read(ref _rentedRemainders);

    public void CountAccepted() => _connectionsAccepted++;

    public void CountClosed() => _connectionsClosed++;

    public void CountReceived(int bytes) => _bytesReceived += bytes;

    public void CountSent(int bytes) => _bytesSent += bytes;

    public void CountQueued(int deltaBytes) => _queuedBytes += deltaBytes;

    /// <summary>Also called by other threads, whose sends are refused before they reach the loop.</summary>
    public void CountDropped() => Interlocked.Increment(ref _droppedMessages);

    public void CountRemainder(int delta) => _rentedRemainders += delta;

    public void CountSlowConsumer() => _slowConsumers++;

    public void BeginTurn(long nowMilliseconds) => _turnWatch.Begin(nowMilliseconds);

    public void EndTurn(long nowMilliseconds)
    {
        _turns++;
        long milliseconds = _turnWatch.End(nowMilliseconds);
        if (milliseconds > _longestTurnMilliseconds)
        {
            _longestTurnMilliseconds = milliseconds;
        }
    }

    /// <summary>How long the turn in progress has taken; 0 between turns. Any thread.</summary>
    public long TurnMilliseconds(long nowMilliseconds) => _turnWatch.InProgress(nowMilliseconds);

    /// <summary>The longest of the latest turns, the one in progress included. Any thread; reading it changes nothing.</summary>
    public long RecentLongestTurn(long nowMilliseconds) => _turnWatch.RecentLongest(nowMilliseconds);

    /// <summary>The longest turn since the last call, the one in progress included.</summary>
    public long TakeLongestTurn(long nowMilliseconds) => Math.Max(Interlocked.Exchange(ref _longestTurnMilliseconds, 0), TurnMilliseconds(nowMilliseconds));
}
