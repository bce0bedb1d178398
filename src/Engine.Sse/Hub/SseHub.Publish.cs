namespace Engine.Sse;

/// <summary>
/// Sending: each event is formatted once, outside the lock, and every stream's queue points at the same bytes. The lock gives publications their order and
/// hands each to the loops; the loops deliver it, the caller's own before the call returns.
/// </summary>
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
        SseDispatch<TSession> dispatch;
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

            dispatch = Dispatch(found, formatted, policy);
        }

        return dispatch.Finish();
    }

    /// <summary>Sends an event to every stream of the hub, and remembers it (in the history that was made for the empty name).</summary>
    /// <exception cref="ArgumentException">The event has an id, or its type holds what would end its line, or the policy would wait.</exception>
    public SsePublishResult PublishToAll(in SseEvent item, BackpressurePolicy? slowConsumers = null)
    {
        BackpressurePolicy policy = Policy(slowConsumers);
        EventBuffer formatted = Format(item, hasId: true);
        SseDispatch<TSession> dispatch;
        lock (_gate)
        {
            dispatch = Dispatch(_everybody, formatted, policy);
        }

        return dispatch.Finish();
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
        var dispatch = new SseDispatch<TSession>(Format(item, hasId: false).Share(), sequence: 0, policy, _countDropped);
        lock (_gate)
        {
            foreach (string sessionId in sessionIds)
            {
                if (_sessions.TryGetValue(sessionId, out SseSession<TSession>? session))
                {
                    foreach (SseMember<TSession> member in session.Members)
                    {
                        dispatch.Add(member.Inbox, member.Alone);
                    }
                }
            }
        }

        return dispatch.Finish();
    }

    /// <summary>Gives the event its place, remembers it and hands it to the loops. Under the lock.</summary>
    private SseDispatch<TSession> Dispatch(SseChannel<TSession> channel, EventBuffer formatted, BackpressurePolicy policy)
    {
        SharedSegment prepared;
        long sequence = 0;
        if (channel.History is null)
        {
            prepared = formatted.Share(SseEventIds.LineBytes);
        }
        else
        {
            sequence = ++_sequence;
            SseEventIds.Write(formatted.Span, sequence);
            prepared = ShareForLong(formatted);
            if (!_isDisposed)
            {
                channel.Remember(sequence, prepared);
            }
        }

        var dispatch = new SseDispatch<TSession>(prepared, sequence, policy, _countDropped);
        foreach (SseAudience<TSession> audience in channel.Audience ??= SseAudience<TSession>.Of(channel.Sessions))
        {
            dispatch.Add(audience.Inbox, audience.Members);
        }

        return dispatch;
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
