namespace Engine.Sse;

/// <summary>Sending: each event is formatted once, outside the lock, and every stream's queue points at the same bytes.</summary>
public sealed partial class SseHub<TSession>
{
    /// <summary>
    /// Sends an event to every stream of every member of a channel, and remembers it. An event larger than a connection's queue never fits, and counts as dropped.
    /// </summary>
    /// <param name="channel">The channel; it need not have members.</param>
    /// <param name="item">The event; the hub gives the id.</param>
    /// <param name="slowConsumers">What becomes of it for slow streams; null for the hub's own policy.</param>
    /// <exception cref="ArgumentException">The event has an id, or its type holds what would end its line, or the policy would wait.</exception>
    public SsePublishResult Publish(string channel, in SseEvent item, BackpressurePolicy? slowConsumers = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        BackpressurePolicy policy = Policy(slowConsumers);
        EventBuffer formatted = Format(item, hasId: true);
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out SseChannel<TSession>? found))
            {
                // Nobody listens: worth a channel only if somebody may come back for it.
                if (_options.CreateHistory is null || _isDisposed || !HasRoom(session: null, [channel]))
                {
                    formatted.Return();
                    return default;
                }

                found = GetOrAddChannel(channel);
            }

            return Publish(found, formatted, policy);
        }
    }

    /// <summary>Sends an event to every stream of the hub, and remembers it (in the history that was made for the empty name).</summary>
    /// <exception cref="ArgumentException">The event has an id, or its type holds what would end its line, or the policy would wait.</exception>
    public SsePublishResult PublishToAll(in SseEvent item, BackpressurePolicy? slowConsumers = null)
    {
        BackpressurePolicy policy = Policy(slowConsumers);
        EventBuffer formatted = Format(item, hasId: true);
        lock (_gate)
        {
            return Publish(_everybody, formatted, policy);
        }
    }

    /// <summary>Sends an event to every stream of one session. Not remembered.</summary>
    /// <exception cref="ArgumentException">The event has an id, or its type holds what would end its line, or the policy would wait.</exception>
    public SsePublishResult SendTo(string sessionId, in SseEvent item, BackpressurePolicy? slowConsumers = null)
        => SendTo([sessionId], item, slowConsumers);

    /// <summary>Sends an event to every stream of some sessions. Not remembered.</summary>
    /// <exception cref="ArgumentException">The event has an id, or its type holds what would end its line, or the policy would wait.</exception>
    public SsePublishResult SendTo(IEnumerable<string> sessionIds, in SseEvent item, BackpressurePolicy? slowConsumers = null)
    {
        ArgumentNullException.ThrowIfNull(sessionIds);
        BackpressurePolicy policy = Policy(slowConsumers);
        SharedSegment prepared = Format(item, hasId: false).Share();
        SsePublishResult result = default;
        lock (_gate)
        {
            foreach (string sessionId in sessionIds)
            {
                if (_sessions.TryGetValue(sessionId, out SseSession<TSession>? session))
                {
                    Deliver(session, prepared, isRemembered: false, policy, ref result);
                }
            }
        }

        prepared.Release();
        return result;
    }

    private SsePublishResult Publish(SseChannel<TSession> channel, EventBuffer formatted, BackpressurePolicy policy)
    {
        SharedSegment prepared;
        if (channel.History is null)
        {
            prepared = formatted.Share(SseEventIds.LineBytes);
        }
        else
        {
            SseEventIds.Write(formatted.Span, ++_sequence);
            prepared = ShareForLong(formatted);
            if (!_isDisposed)
            {
                channel.Remember(_sequence, prepared);
            }
        }

        SsePublishResult result = default;
        foreach (SseSession<TSession> session in channel.Sessions)
        {
            Deliver(session, prepared, channel.History is not null, policy, ref result);
        }

        prepared.Release();
        return result;
    }

    private void Deliver(SseSession<TSession> session, SharedSegment prepared, bool isRemembered, BackpressurePolicy policy, ref SsePublishResult result)
    {
        foreach (SseMember<TSession> member in session.Members)
        {
            switch (member.Deliver(prepared, isRemembered, policy))
            {
                case SendStatus.Sent:
                    result = result with { Delivered = result.Delivered + 1 };
                    break;
                case SendStatus.Queued:
                    result = result with { Queued = result.Queued + 1 };
                    break;
                case SendStatus.Dropped:
                    result = result with { Dropped = result.Dropped + 1 };
                    Interlocked.Increment(ref _droppedCount);
                    break;
            }
        }
    }

    private BackpressurePolicy Policy(BackpressurePolicy? wanted)
        => wanted != BackpressurePolicy.Wait ? wanted ?? _options.SlowConsumers : throw new ArgumentException("A hub never waits for a client: drop or disconnect.", nameof(wanted));

    /// <summary>For an event that is remembered: a small one is cut to its size, or a thousand of them would hold a thousand buffers.</summary>
    private static SharedSegment ShareForLong(EventBuffer formatted)
    {
        if (formatted.IsLarge)
        {
            return formatted.Share();
        }

        SharedSegment copy = SharedSegment.Wrap(formatted.Span.ToArray());
        formatted.Return();
        return copy;
    }

    private EventBuffer Format(in SseEvent item, bool hasId)
        => item.Id is null
            ? _buffers.Format(hasId ? item with { Id = _blankId } : item)
            : throw new ArgumentException("A hub gives the ids of its events itself.", nameof(item));
}
