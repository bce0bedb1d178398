using System.Diagnostics;

namespace Engine.PubSub;

/// <summary>
/// Publications on their way to one broker, bounded by count and bytes. They leave in order, several under way at once; one that failed is sent again, with those
/// after it, until the broker has confirmed it. Any thread.
/// </summary>
internal sealed class BackplaneOutbox(IBackplane broker, BackplaneOptions options, BackplaneMetrics metrics, ulong origin) : IDisposable
{
    private const int MaxUnderWay = 256;

    /// <summary>Topics whose last sequence is remembered. Past it all are forgotten when nothing is under way, which would need the chain to be tried again.</summary>
    private const int MaxKnownTopics = 10_000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Queue<OutboxItem> _waiting = new();
    private readonly Dictionary<string, long> _lastSequences = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ended = new();
    private TaskCompletionSource _changed = NewSignal();
    private long _sequence;
    private long _lengthBytes;
    private int _count;
    private bool _isRunning;

    /// <summary>Adds a publication. Null when there is no room, or the broker is away and nothing is to wait for it.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="envelope">Written already but for the sequence; taken over.</param>
    /// <param name="isKept">Whether the broker keeps the message.</param>
    /// <param name="idempotencyKey">The publisher's own key; null for none.</param>
    /// <param name="hasWaiter">Whether the caller wants the confirmation.</param>
    public OutboxItem? TryAdd(string topic, byte[] envelope, bool isKept, string? idempotencyKey, bool hasWaiter)
    {
        OutboxItem item;
        lock (_gate)
        {
            if (!HasRoomLocked(envelope.Length))
            {
                metrics.AddRefused();
                return null;
            }

            if (_lastSequences.Count >= MaxKnownTopics && _count == 0)
            {
                _lastSequences.Clear();
            }

            _lastSequences.TryGetValue(topic, out long previous);
            _lastSequences[topic] = ++_sequence;
            BackplaneEnvelope.SetSequence(envelope, _sequence, previous);
            item = new OutboxItem(new BackplanePublication(topic, envelope, isKept, origin, _sequence, previous) { IdempotencyKey = idempotencyKey }, hasWaiter);
            _waiting.Enqueue(item);
            _count++;
            _lengthBytes += envelope.Length;
            metrics.AddPublished();
            if (_isRunning)
            {
                _changed.TrySetResult();
                return item;
            }

            _isRunning = true;
        }

        // The broker's client has no business on a loop's thread, where publishers may be.
        ThreadPool.UnsafeQueueUserWorkItem(static outbox => _ = outbox.RunAsync(), this, preferLocal: false);
        return item;
    }

    /// <summary>Whether a publication of this length would be taken now.</summary>
    public bool HasRoom(int lengthBytes)
    {
        lock (_gate)
        {
            bool hasRoom = HasRoomLocked(lengthBytes);
            if (!hasRoom)
            {
                metrics.AddRefused();
            }

            return hasRoom;
        }
    }

    /// <summary>A message of the topic will never be sent: the other nodes see it by the chain, and tell of a gap.</summary>
    public void Skip(string topic)
    {
        lock (_gate)
        {
            _lastSequences[topic] = ++_sequence;
        }
    }

    /// <summary>The broker's state has changed: what waits for it is tried at once.</summary>
    public void OnStateChanged()
    {
        lock (_gate)
        {
            _changed.TrySetResult();
        }
    }

    /// <summary>Ends everything; who waits for a confirmation learns that none will come.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ended.Cancel();
            _changed.TrySetResult();
        }
    }

    private bool HasRoomLocked(int lengthBytes)
        => (options.WhileAway == OutboxPolicy.Wait || broker.State == BackplaneState.Connected)
            && _count < options.MaxOutboxMessages && (_count == 0 || _lengthBytes + lengthBytes <= options.MaxOutboxBytes)
            && !_ended.IsCancellationRequested;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync()
    {
        var underWay = new Queue<(OutboxItem Item, Task<BackplaneReceipt> Answer)>();
        var again = new Queue<OutboxItem>();
        int failures = 0;
        while (true)
        {
            while (underWay.Count < MaxUnderWay && TryTake(again) is { } next)
            {
                next.Publication.FollowsConfirmed = underWay.Count == 0;
                underWay.Enqueue((next, SendAsync(next.Publication)));
            }

            if (underWay.Count == 0)
            {
                if (TryEnd())
                {
                    return;
                }

                continue;
            }

            (OutboxItem item, Task<BackplaneReceipt> answer) = underWay.Dequeue();
            if (await TryFinishAsync(item, answer).ConfigureAwait(false))
            {
                failures = 0;
                continue;
            }

            // Those after it may have arrived all the same, and are asked before anything is sent again: order is kept by sending again from the first that failed.
            var failed = new Queue<OutboxItem>([item]);
            while (underWay.TryDequeue(out (OutboxItem Item, Task<BackplaneReceipt> Answer) later))
            {
                if (!await TryFinishAsync(later.Item, later.Answer).ConfigureAwait(false))
                {
                    failed.Enqueue(later.Item);
                }
            }

            if (_ended.IsCancellationRequested)
            {
                Abandon(failed);
                Abandon(again);
                continue;
            }

            metrics.AddRetries(failed.Count);
            while (again.TryDequeue(out OutboxItem? rest))
            {
                failed.Enqueue(rest);
            }

            again = failed;
            await PauseAsync(failures++).ConfigureAwait(false);
        }
    }

    private async Task<BackplaneReceipt> SendAsync(BackplanePublication publication)
        => await broker.PublishAsync(publication, _ended.Token).ConfigureAwait(false);

    private async ValueTask<bool> TryFinishAsync(OutboxItem item, Task<BackplaneReceipt> answer)
    {
        try
        {
            BackplaneReceipt receipt = await answer.ConfigureAwait(false);
            Forget(item);
            metrics.AddConfirmed(Stopwatch.GetElapsedTime(item.AddedAt));
            item.Confirm(receipt);
            return true;
        }
        catch (Exception)
        {
            // Whatever it was, the broker has not confirmed it.
            return false;
        }
    }

    private OutboxItem? TryTake(Queue<OutboxItem> again)
    {
        if (_ended.IsCancellationRequested)
        {
            return null;
        }

        if (again.TryDequeue(out OutboxItem? item))
        {
            return item;
        }

        lock (_gate)
        {
            return _waiting.TryDequeue(out item) ? item : null;
        }
    }

    /// <summary>Ends the run when nothing waits. The next publication starts another.</summary>
    private bool TryEnd()
    {
        lock (_gate)
        {
            if (_ended.IsCancellationRequested)
            {
                Abandon(_waiting);
            }

            _isRunning = _waiting.Count > 0;
            return !_isRunning;
        }
    }

    /// <summary>After a failure: until the broker's state changes, or a while.</summary>
    private async Task PauseAsync(int failures)
    {
        TimeSpan pause = TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << Math.Min(failures, 10), LastPause.Ticks));
        long startedAt = Stopwatch.GetTimestamp();
        do
        {
            Task changed;
            lock (_gate)
            {
                if (_changed.Task.IsCompleted && !_ended.IsCancellationRequested)
                {
                    _changed = NewSignal();
                }

                changed = _changed.Task;
            }

            await Task.WhenAny(changed, Task.Delay(pause)).ConfigureAwait(false);
        }
        while (broker.State == BackplaneState.Away && Stopwatch.GetElapsedTime(startedAt) < pause && !_ended.IsCancellationRequested);
    }

    private void Forget(OutboxItem item)
    {
        lock (_gate)
        {
            _count--;
            _lengthBytes -= item.Publication.Payload.Length;
        }
    }

    private void Abandon(Queue<OutboxItem> items)
    {
        while (items.TryDequeue(out OutboxItem? item))
        {
            metrics.AddAbandoned();
            item.Abandon();
        }
    }
}
