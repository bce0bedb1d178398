namespace Engine.PubSub;

/// <summary>What the hub forgets, and when.</summary>
public sealed partial class TopicHub
{
    /// <summary>When a subscriber of a latest topic that had a backlog is looked at again.</summary>
    internal static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private long _nothingToReclaimUntil;
    private long _noRoomUntil;

    /// <summary>Forgets messages that are too old, and topics that nobody needs. Any thread; once a second.</summary>
    internal void Sweep()
    {
        foreach (Topic topic in _topics.Values)
        {
            if (topic.Sweep(Options.IdleTopicAge))
            {
                Forget(topic);
            }
        }
    }

    /// <summary>Bytes kept by a topic have changed; past the hub's limit something is forgotten.</summary>
    internal void CountLogBytes(long deltaBytes) => Metrics.AddLogBytes(deltaBytes);

    internal void CountPublished(long deltaBytes, bool isCopy)
    {
        if (!isCopy)
        {
            Metrics.AddPublished();
        }

        Metrics.AddLogBytes(deltaBytes);
        if (Metrics.LogBytes > Options.MaxLogBytes)
        {
            Reclaim();
        }
    }

    internal void CountDelivered(int count) => Metrics.AddDelivered(count);

    internal void CountGap() => Metrics.AddGap();

    internal void CountSubscription(int delta) => Metrics.AddSubscriptions(delta);

    internal void CountFanOut(TimeSpan time) => Metrics.AddFanOut(time);

    internal void CountRecovery(SubscribeStatus status)
    {
        if (status is SubscribeStatus.Recovered)
        {
            Metrics.AddRecovery();
        }
        else if (status is SubscribeStatus.Lost)
        {
            Metrics.AddGap();
        }
    }

    /// <summary>Room for one more topic: one without subscribers and messages goes, whatever its age. Under the hub's lock.</summary>
    private bool MakeRoom()
    {
        if (Options.Clock.GetTimestamp() < _noRoomUntil)
        {
            // Whoever asks for new names again and again does not make the hub look through all topics each time.
            return false;
        }

        foreach (Topic topic in _topics.Values)
        {
            if (topic.SubscriberCount == 0 && topic.Sweep(TimeSpan.Zero))
            {
                ForgetLocked(topic);
                return true;
            }
        }

        _noRoomUntil = Options.Clock.GetTimestamp() + Options.Clock.TimestampFrequency;
        return false;
    }

    private void Forget(Topic topic)
    {
        lock (_gate)
        {
            ForgetLocked(topic);
        }
    }

    private void ForgetLocked(Topic topic)
    {
        _topics.TryRemove(KeyValuePair.Create(topic.Name, topic));
        topic.Link?.Close();
        if (topic.IsPattern)
        {
            _patterns = Array.FindAll(_patterns, known => !ReferenceEquals(known, topic));
            Interlocked.Increment(ref _patternsVersion);
        }
    }

    /// <summary>
    /// Too much is kept: the topics without subscribers forget theirs, the longest unused first, until nine tenths of the limit are left; if that is not enough,
    /// all topics forget their oldest, in proportion.
    /// </summary>
    private void Reclaim()
    {
        if (!_gate.TryEnter())
        {
            // Another publisher is at it, or a topic is being made: the next publication looks again.
            return;
        }

        try
        {
            long target = Options.MaxLogBytes / 10 * 9;
            if (Options.Clock.GetTimestamp() >= _nothingToReclaimUntil)
            {
                foreach (Topic topic in _topics.Values.Where(static topic => topic.SubscriberCount == 0).OrderBy(static topic => topic.LastUsed))
                {
                    topic.Shrink(0);
                    if (Metrics.LogBytes <= target)
                    {
                        return;
                    }
                }

                _nothingToReclaimUntil = Options.Clock.GetTimestamp() + Options.Clock.TimestampFrequency;
            }

            double share = (double)target / Math.Max(Metrics.LogBytes, 1);
            foreach (Topic topic in _topics.Values)
            {
                topic.Shrink(KeptShare(topic, share));
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    private static long KeptShare(Topic topic, double share)
    {
        lock (topic.Gate)
        {
            return (long)(topic.Log.LengthBytes * Math.Min(share, 1));
        }
    }
}
