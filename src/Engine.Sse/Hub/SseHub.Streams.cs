using System.Diagnostics;

namespace Engine.Sse;

/// <summary>One stream of a hub, from its admission to its end.</summary>
public sealed partial class SseHub<TSession>
{
    /// <summary>Events read from histories at a time, so that a long replay holds little and keeps nobody from publishing.</summary>
    private const int ReplayBatchEvents = 64;

    /// <summary>
    /// Makes a stream that a handler began itself one of a session, such as the answer to a POST: from now on it gets what is published to its channels, with ids,
    /// and a client that is cut comes back by a mapped route with its last id. Completes when what the client missed has been sent; the membership ends with the
    /// stream. The handler goes on sending events of its own, which are neither numbered nor remembered. Any thread, once a stream.
    /// </summary>
    /// <returns>False when the hub has no place, for a limit or because it was disposed: the stream is as it was.</returns>
    /// <exception cref="OperationCanceledException">The stream ended first.</exception>
    public async ValueTask<bool> AttachAsync(SseStream stream, SseTicket<TSession> ticket)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(ticket);
        if (TryAdmit(ticket, stream.Connection) is not { } member)
        {
            return false;
        }

        bool isDismissed;
        try
        {
            isDismissed = !Announce(stream, member);
        }
        catch
        {
            Remove(member);
            throw;
        }

        // Behind the announcement, so that a stream that has ended meanwhile is told of in order: begin, end.
        CancellationToken closed = stream.Closed;
        closed.UnsafeRegister(_ => Remove(member), null);
        if (!isDismissed)
        {
            await CatchUpAsync(stream, member, closed);
        }

        return true;
    }

    /// <summary>Takes a place for a stream that is about to begin; null when there is none. From now on it misses nothing.</summary>
    internal SseMember<TSession>? TryAdmit(SseTicket<TSession> ticket, Connection connection)
    {
        lock (_gate)
        {
            _sessions.TryGetValue(ticket.SessionId, out SseSession<TSession>? session);
            bool hasPlace = session is null
                ? _options.MaxSessions == 0 || _sessions.Count < _options.MaxSessions
                : session.Members.Count < _options.MaxStreamsPerSession;
            if (!hasPlace || _isDisposed || !HasRoom(session, ticket.Channels))
            {
                return null;
            }

            if (session is null)
            {
                session = new SseSession<TSession>(ticket.SessionId, ticket.Session);
                _sessions.Add(session.Id, session);
                _everybody.Sessions.Add(session);
                session.Channels.Add(_everybody);
            }

            Join(session, ticket.Channels);
            var member = new SseMember<TSession>(session, GetOrAddInbox(connection), connection, _options.MaxPendingEvents, _sequence);
            member.Inbox.MemberCount++;
            session.Add(member);
            ForgetAudiences(session);
            _streamCount++;
            return member;
        }
    }

    /// <summary>Gives the place back.</summary>
    internal void Remove(SseMember<TSession> member)
    {
        SseSession<TSession> session = member.Session;
        lock (_gate)
        {
            member.Clear();
            session.Remove(member);
            ForgetAudiences(session);
            _streamCount--;
            if (--member.Inbox.MemberCount == 0)
            {
                _inboxes.Remove(member.Inbox);
            }

            if (session.Members.Count > 0)
            {
                return;
            }

            _sessions.Remove(session.Id);
            foreach (SseChannel<TSession> channel in session.Channels.ToArray())
            {
                Leave(session, channel);
            }
        }

        if (session.IsAnnounced)
        {
            _options.OnDisconnected?.Invoke(session);
        }
    }

    /// <summary>Replays what was missed, then stays until the stream ends.</summary>
    internal async Task RunAsync(SseStream stream, SseMember<TSession> member, CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource();
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), ended);
        if (Announce(stream, member))
        {
            await CatchUpAsync(stream, member, cancellationToken);
            await ended.Task;
        }
    }

    /// <summary>The stream of a member has begun. False when the session was dismissed meanwhile: the stream is told to end.</summary>
    private bool Announce(SseStream stream, SseMember<TSession> member)
    {
        stream.Drained += _ => member.Pump();
        bool isFirst;
        bool isDismissed;
        lock (_gate)
        {
            member.Stream = stream;
            isDismissed = member.IsDismissed;
            isFirst = !member.Session.IsAnnounced;
            member.Session.IsAnnounced = true;
        }

        if (isFirst)
        {
            _options.OnConnected?.Invoke(member.Session);
        }

        if (isDismissed)
        {
            stream.Close();
        }

        return !isDismissed;
    }

    /// <summary>
    /// Sends what the histories hold behind the client's last event, batch by batch; the member goes live under the same lock that found nothing more, so
    /// that no event falls between replay and live, and none comes twice.
    /// </summary>
    private async Task CatchUpAsync(SseStream stream, SseMember<TSession> member, CancellationToken cancellationToken)
    {
        long position = member.AdmittedAt;
        bool isKnown = stream.LastEventId is not { } lastId || _ids.TryRead(lastId, out position);
        bool isTold = false;
        if (stream.LastEventId is null && Remembers(member.Session))
        {
            // A client that is cut before its first event comes back with this one, and misses nothing.
            await stream.SendAsync(new SseEvent(null) { Id = _ids.Of(position) }, cancellationToken);
        }

        var batch = new List<SseHistoryEntry>();
        while (true)
        {
            bool isComplete = true;
            lock (_gate)
            {
                if (!isKnown || position > _sequence)
                {
                    // An id of another process: all that is remembered here is news to this client.
                    isKnown = true;
                    isComplete = false;
                    position = 0;
                }

                isComplete &= ReadAfter(member.Session, position, batch);
                if (batch.Count == 0 && (isComplete || isTold || _options.HistoryLostEventType is null))
                {
                    member.GoLive(_sequence);
                    return;
                }
            }

            SendStatus status = SendStatus.Sent;
            if (!isComplete && !isTold && _options.HistoryLostEventType is { } type)
            {
                // Once: a channel whose gap lies ahead of another channel's events would show it in every batch.
                isTold = true;
                status = await stream.SendAsync(new SseEvent(stream.LastEventId ?? "") { EventType = type }, cancellationToken);
            }

            position = await SendAsync(stream, batch, position, cancellationToken);
            if (status == SendStatus.Closed || position < 0)
            {
                return;
            }
        }
    }

    /// <summary>Whether a client of the session could come back for something.</summary>
    private bool Remembers(SseSession<TSession> session)
    {
        lock (_gate)
        {
            return session.Channels.Any(static channel => channel.History is not null);
        }
    }

    /// <summary>Sends a batch and gives its references back. Answers the last event's sequence, or -1 when the stream has ended.</summary>
    private static async ValueTask<long> SendAsync(SseStream stream, List<SseHistoryEntry> batch, long position, CancellationToken cancellationToken)
    {
        try
        {
            foreach (SseHistoryEntry entry in batch)
            {
                Debug.Assert(entry.Sequence > position, "A replay goes forward.");
                if (await stream.SendPreparedAsync(entry.Prepared, cancellationToken) == SendStatus.Closed)
                {
                    return -1;
                }

                position = entry.Sequence;
            }

            return position;
        }
        finally
        {
            Release(batch, 0);
            batch.Clear();
        }
    }

    /// <summary>The oldest events behind <paramref name="sequence"/> of all channels of a session, in the hub's order. Under the lock.</summary>
    private static bool ReadAfter(SseSession<TSession> session, long sequence, List<SseHistoryEntry> batch)
    {
        bool isComplete = true;
        foreach (SseChannel<TSession> channel in session.Channels)
        {
            isComplete &= channel.TryReadAfter(sequence, ReplayBatchEvents, batch);
        }

        batch.Sort(static (left, right) => left.Sequence.CompareTo(right.Sequence));
        if (batch.Count > ReplayBatchEvents)
        {
            Release(batch, ReplayBatchEvents);
            batch.RemoveRange(ReplayBatchEvents, batch.Count - ReplayBatchEvents);
        }

        return isComplete;
    }

    private SseInbox<TSession> GetOrAddInbox(Connection connection)
    {
        foreach (SseInbox<TSession> known in _inboxes)
        {
            if (known.IsOf(connection))
            {
                return known;
            }
        }

        var inbox = new SseInbox<TSession>(connection, _countDropped);
        _inboxes.Add(inbox);
        return inbox;
    }

    private static void ForgetAudiences(SseSession<TSession> session)
    {
        foreach (SseChannel<TSession> channel in session.Channels)
        {
            channel.Audience = null;
        }
    }

    private static void Release(List<SseHistoryEntry> batch, int from)
    {
        for (int i = from; i < batch.Count; i++)
        {
            batch[i].Prepared.Release();
        }
    }
}
