namespace Engine.PubSub;

/// <summary>
/// One topic's side of a broker: asks for what is published, reads what is missing, and puts everything into the topic's log once and in order. What arrives while
/// it reads is held until the reading has come up to it. Any thread.
/// </summary>
internal sealed partial class TopicLink(TopicHub hub, BackplaneNode node, bool isKept)
{
    private const int MaxMessagesPerRead = 1_000;
    private const int MaxHeldMessages = 4_096;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, long> _origins = [];
    private Queue<BackplaneMessage> _held = new();
    private TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Topic _topic = null!;
    private ulong _epoch;
    private long _wanted;
    private bool _isSyncing;
    private bool _isClosed;
    private volatile bool _isOpen;
    private volatile bool _isReady;

    /// <summary>How a message from the broker fits to what the topic has.</summary>
    private enum Fit : byte
    {
        Taken,
        Hole,
        OtherEpoch,
    }

    /// <summary>Whether the broker has been asked.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Whether the topic's positions are the broker's.</summary>
    public bool IsKept => isKept;

    public void SetTopic(Topic topic) => _topic = topic;

    /// <summary>Asks the broker, if it has not been. Returns whether the topic can be subscribed to now, after this position.</summary>
    public bool TryOpen(TopicPosition? after)
    {
        if (!_isOpen)
        {
            lock (_gate)
            {
                Open();
            }
        }

        return !isKept || (_isReady && !IsAhead(after));
    }

    /// <summary>Waits until the topic can be subscribed to. False when that takes too long.</summary>
    public async ValueTask<bool> PrepareAsync(TopicPosition? after, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task synced;
        lock (_gate)
        {
            Open();
            if (_isReady && IsAhead(after))
            {
                RequestSync();
            }
            else if (_isReady)
            {
                return true;
            }

            synced = _synced.Task;
        }

        try
        {
            await synced.WaitAsync(timeout, hub.Options.Clock, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Live messages need no history: they come when the broker is there.
        }

        return !isKept || (_isReady && !IsAhead(after));
    }

    /// <summary>A message of the topic has arrived.</summary>
    public void OnMessage(in BackplaneMessage message)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            if (!isKept)
            {
                TakeUnkept(message);
            }
            else if (_isSyncing || !_isReady || TryTake(message) != Fit.Taken)
            {
                Hold(message);
                RequestSync();
            }
        }
    }

    /// <summary>The broker is gone, or there again.</summary>
    public void OnStateChanged(BackplaneState state)
    {
        lock (_gate)
        {
            if (_isClosed || state == BackplaneState.Away || !_isOpen)
            {
                return;
            }

            RequestSync();
            _wanted++;
        }
    }

    /// <summary>The topic has ended here.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _held.Clear();
            _synced.TrySetResult();
            if (!_isOpen)
            {
                return;
            }
        }

        node.Unregister(_topic.Name, this, isKept);
    }

    private bool IsAhead(TopicPosition? after)
    {
        if (!isKept || after is not { IsNone: false } position)
        {
            return false;
        }

        lock (_topic.Gate)
        {
            return position.Epoch == _topic.Epoch && position.Offset > _topic.Log.Head;
        }
    }

    private void Open()
    {
        if (!_isOpen && !_isClosed)
        {
            _isOpen = true;
            node.Register(_topic.Name, this);
            RequestSync();
        }
    }

    private void RequestSync()
    {
        if (!_isSyncing)
        {
            _isSyncing = true;
            _synced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ThreadPool.UnsafeQueueUserWorkItem(static link => _ = link.SyncAsync(), this, preferLocal: false);
        }
    }

    /// <summary>Asks and reads until the topic has everything that the broker has.</summary>
    private async Task SyncAsync()
    {
        for (int failures = 0; !node.Ended.IsCancellationRequested;)
        {
            long wanted;
            lock (_gate)
            {
                if (_isClosed)
                {
                    return;
                }

                wanted = _wanted;
            }

            try
            {
                using IDisposable turn = await node.EnterAsync(_topic.Name).ConfigureAwait(false);
                await node.Broker.SubscribeAsync(_topic.Name, isKept, node.Ended).ConfigureAwait(false);
                if (isKept && !await TryReadAsync().ConfigureAwait(false))
                {
                    node.Metrics.AddGap();
                    hub.Lose(_topic);
                    return;
                }
            }
            catch (Exception)
            {
                // Whatever it was, the broker has not agreed; the loop ends with the hub.
                await node.PauseAsync(failures++).ConfigureAwait(false);
                continue;
            }

            if (TryFinish(wanted))
            {
                return;
            }
        }
    }

    /// <summary>Reads what the topic has not got. False when the broker has another life of it.</summary>
    private async Task<bool> TryReadAsync()
    {
        if (_isReady)
        {
            node.Metrics.AddCatchUp();
        }

        bool hasMore = true;
        while (hasMore)
        {
            TopicPosition after = default;
            lock (_topic.Gate)
            {
                after = _epoch == 0 ? default : _topic.PositionAt(_topic.Log.Head);
            }

            int count = Math.Min(_topic.Options.MaxMessages, MaxMessagesPerRead);
            BackplaneHistory history = await node.Broker.ReadAfterAsync(_topic.Name, after, after.IsNone ? _topic.Options.MaxMessages : count, node.Ended).ConfigureAwait(false);
            lock (_gate)
            {
                if (!TryTake(history))
                {
                    return false;
                }
            }

            hasMore = history.HasMore;
        }

        return true;
    }

    /// <summary>What was held follows what was read. False when something between them is still missing, or more was asked for meanwhile.</summary>
    private bool TryFinish(long wanted)
    {
        lock (_gate)
        {
            while (_held.TryPeek(out BackplaneMessage next))
            {
                Fit fit = TryTake(next);
                if (fit == Fit.Hole)
                {
                    return _isClosed;
                }

                _held.Dequeue();
                if (fit == Fit.OtherEpoch)
                {
                    // Either late, or the first of a life that began after the reading: the next reading tells.
                    return _isClosed;
                }
            }

            if (_wanted != wanted)
            {
                return false;
            }

            if (!isKept && _isReady && _topic.Lose(null))
            {
                // Who was not connected cannot know what was published meanwhile.
                node.Metrics.AddGap();
            }

            _isReady = true;
            _isSyncing = false;
            _synced.TrySetResult();
            return true;
        }
    }
}
