namespace Engine.Sse;

/// <summary>One stream of a hub, from its admission to its end.</summary>
public sealed partial class SseHub<TSession>
{
    /// <summary>
    /// Makes a stream that a handler began itself one of a session, such as the answer to a POST: from now on it gets what is published to its channels, with ids,
    /// and what its client missed before; a client that is cut comes back by a mapped route with its last id. The membership ends with the stream. The handler goes
    /// on sending events of its own, which are neither numbered nor remembered. Any thread, once a stream.
    /// </summary>
    /// <returns>False when the hub has no place, for a limit or because it was disposed: the stream is as it was.</returns>
    public async ValueTask<bool> AttachAsync(SseStream stream, SseTicket<TSession> ticket)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(ticket);
        if (TryAdmit(ticket, stream.Connection) is not { } member)
        {
            return false;
        }

        try
        {
            if (await BeginAsync(member, stream.LastEventId) != SubscribeStatus.Subscribed)
            {
                Remove(member);
                return false;
            }

            Announce(stream, member);
        }
        catch
        {
            Remove(member);
            throw;
        }

        // Behind the announcement, so that a stream that has ended meanwhile is told of in order: begin, end.
        stream.Closed.UnsafeRegister(_ => Remove(member), null);
        return true;
    }

    /// <summary>Takes a place for a stream that is about to begin; null when there is none.</summary>
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
            }

            Join(session, ticket.Channels);
            var member = new SseMember<TSession>(session, connection)
            {
                CameAfterFirstToAll = _hasSentToAll != 0,
                CameAfterFirstToSession = session.OwnTopic is not null,
            };
            session.Add(member);
            _streamCount++;
            return member;
        }
    }

    /// <summary>
    /// Subscribes to the session's channels after what the client has: from now on it misses nothing. Returns what refused one. Other streams of the session follow,
    /// when its ticket brought channels that they have not.
    /// </summary>
    internal async Task<SubscribeStatus> BeginAsync(SseMember<TSession> member, string? lastEventId)
    {
        Dictionary<uint, TopicPosition>? known = lastEventId is null ? null : SseHubIds.Read(lastEventId);
        SseWantedTopic After(SseWantedTopic wanted)
            => lastEventId is null ? wanted
                : known is null ? wanted with { After = TopicPosition.Unknown }
                : known.TryGetValue(SseHubIds.TagOf(wanted.Topic), out TopicPosition position) ? wanted with { After = position }

                // An id that says nothing of what is sent to everybody is of a time when nothing had been.
                : wanted.Topic == SseHubTopics.Everybody && !_hearsAllAtOnce ? wanted with { After = _allFrom }
                : wanted;

        if (_hasBackplane)
        {
            foreach (SseWantedTopic wanted in WantedBy(member))
            {
                await _channelTopics.Hub.PrepareAsync(wanted.Topic, After(wanted).After);
            }
        }

        SubscribeStatus status = await member.OnLoopAsync(() => BeginOnLoop(member, After));
        if (status == SubscribeStatus.Subscribed)
        {
            UpdateOthers(member);
        }

        return status;
    }

    private SubscribeStatus BeginOnLoop(SseMember<TSession> member, Func<SseWantedTopic, SseWantedTopic> after)
    {
        SubscribeStatus status = member.Begin(_channelTopics, WantedBy(member).Select(after));
        if (status == SubscribeStatus.Subscribed && member.CameAfterFirstToSession)
        {
            member.Hear(_ownTopics, new SseWantedTopic(member.Session.OwnTopic!, null));
        }

        return status;
    }

    /// <summary>Gives the place back.</summary>
    internal void Remove(SseMember<TSession> member)
    {
        SseSession<TSession> session = member.Session;
        bool isLast;
        lock (_gate)
        {
            if (!session.Remove(member))
            {
                return;
            }

            _streamCount--;
            isLast = session.Members.Count == 0;
            if (isLast)
            {
                _sessions.Remove(session.Id);
                foreach (string channel in session.Channels)
                {
                    CountOut(channel);
                }

                session.Channels.Clear();
            }
        }

        member.OnLoop(member.Close);
        if (isLast && session.IsAnnounced)
        {
            _options.OnDisconnected?.Invoke(session);
        }
    }

    /// <summary>Stays until the stream ends.</summary>
    internal async Task RunAsync(SseStream stream, SseMember<TSession> member, CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource();
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), ended);
        Announce(stream, member);
        await ended.Task;
    }

    /// <summary>The stream of a member has begun. When the session was dismissed meanwhile it is told to end.</summary>
    private void Announce(SseStream stream, SseMember<TSession> member)
    {
        bool isFirst;
        bool isDismissed;
        lock (_gate)
        {
            member.Stream = stream;
            isDismissed = member.IsDismissed;
            isFirst = !member.Session.IsAnnounced;
            member.Session.IsAnnounced = true;
        }

        member.OnLoop(() => member.Start(stream));
        if (isFirst)
        {
            _options.OnConnected?.Invoke(member.Session);
        }

        if (isDismissed)
        {
            stream.Close();
        }
    }

    /// <summary>What a member is to be subscribed to.</summary>
    private List<SseWantedTopic> WantedBy(SseMember<TSession> member)
    {
        lock (_gate)
        {
            List<SseWantedTopic> wanted = [.. member.Session.Channels.Select(static channel => new SseWantedTopic(channel, null))];
            if (_hearsAllAtOnce || _hasSentToAll != 0)
            {
                wanted.Add(new SseWantedTopic(SseHubTopics.Everybody, _hearsAllAtOnce || member.CameAfterFirstToAll ? null : _allFrom));
            }

            return wanted;
        }
    }

    /// <summary>Lets a member follow its session: at once on its loop, else a moment later.</summary>
    private void Update(SseMember<TSession> member)
    {
        if (_hasBackplane)
        {
            _ = PrepareAndUpdateAsync(member);
        }
        else
        {
            member.OnLoop(() => member.Update(WantedBy(member)));
        }
    }

    private async Task PrepareAndUpdateAsync(SseMember<TSession> member)
    {
        foreach (SseWantedTopic wanted in WantedBy(member))
        {
            await _channelTopics.Hub.PrepareAsync(wanted.Topic, wanted.After).ConfigureAwait(false);
        }

        member.OnLoop(() => member.Update(WantedBy(member)));
    }

    private void UpdateOthers(SseMember<TSession> member)
    {
        SseMember<TSession>[] others;
        lock (_gate)
        {
            others = member.Session.Members.Count > 1 ? [.. member.Session.Members.Where(other => other != member)] : [];
        }

        Array.ForEach(others, Update);
    }
}
