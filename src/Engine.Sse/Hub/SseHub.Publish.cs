using System.Globalization;
using System.Text;

namespace Engine.Sse;

/// <summary>Sending: an event is published to a topic, whose log brings it to every stream that listens.</summary>
public sealed partial class SseHub<TSession>
{
    /// <summary>Sends an event to every stream of every member of a channel.</summary>
    /// <param name="channel">The channel; it need not have members.</param>
    /// <param name="item">The event: its data and its type; the hub gives the id.</param>
    /// <exception cref="ArgumentException">The event has an id, a comment or a reconnection interval, or its type would end its line.</exception>
    public SsePublishResult Publish(string channel, in SseEvent item)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        return IsReserved(channel) ? new SsePublishResult { Status = PublishStatus.InvalidTopic } : Publish(_channelTopics.Hub, channel, item, unseenCount: 0);
    }

    /// <summary>Sends an event to every stream of the hub.</summary>
    /// <exception cref="ArgumentException">The event has an id, a comment or a reconnection interval, or its type would end its line.</exception>
    public SsePublishResult PublishToAll(in SseEvent item)
    {
        int unseenCount = 0;
        if (!_hearsAllAtOnce && Volatile.Read(ref _hasSentToAll) == 0)
        {
            unseenCount = BeginSendingToAll();
        }

        return Publish(_channelTopics.Hub, SseHubTopics.Everybody, item, unseenCount);
    }

    /// <summary>Sends an event to every stream of one session. A client that comes back does not get it again.</summary>
    /// <exception cref="ArgumentException">The event has an id, a comment or a reconnection interval, or its type would end its line.</exception>
    public SsePublishResult SendTo(string sessionId, in SseEvent item) => SendTo([sessionId], item);

    /// <summary>Sends an event to every stream of some sessions. A client that comes back does not get it again.</summary>
    /// <exception cref="ArgumentException">The event has an id, a comment or a reconnection interval, or its type would end its line.</exception>
    public SsePublishResult SendTo(IEnumerable<string> sessionIds, in SseEvent item)
    {
        ArgumentNullException.ThrowIfNull(sessionIds);
        Check(item);
        SsePublishResult result = default;
        foreach (string sessionId in sessionIds)
        {
            if (FindOwnTopic(sessionId, out int unseenCount) is { } topic)
            {
                result = result.Plus(Publish(_ownTopics.Hub, topic, item, unseenCount));
            }
        }

        return result;
    }

    /// <param name="topics">Where the topic is.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="item">The event.</param>
    /// <param name="unseenCount">Streams that are about to be subscribed on other loops, and get the event then.</param>
    private SsePublishResult Publish(TopicHub topics, string topic, in SseEvent item, int unseenCount)
    {
        Check(item);
        EventBuffer? buffer = null;
        ReadOnlyMemory<byte> payload = item.Utf8Data;
        if (item.Data is { } data)
        {
            buffer = _buffers.Rent();
            Encoding.UTF8.GetBytes(data, buffer);
            payload = buffer.Memory;
        }

        PublishResult result = topics.Publish(topic, new TopicMessage(payload, PayloadKind.Text) { EventType = item.EventType });
        buffer?.Return();
        return SsePublishResult.Of(result with { Delivered = result.Delivered + unseenCount });
    }

    /// <summary>
    /// The first event to everybody: until then no stream pays for a subscription and a position in its ids. Returns how many streams are subscribed a moment later.
    /// </summary>
    private int BeginSendingToAll()
    {
        SseMember<TSession>[] members;
        lock (_gate)
        {
            if (_hasSentToAll != 0)
            {
                return 0;
            }

            _allFrom = _channelTopics.Hub.TakePosition(SseHubTopics.Everybody);
            Volatile.Write(ref _hasSentToAll, 1);
            members = [.. _sessions.Values.SelectMany(static session => session.Members)];
        }

        Array.ForEach(members, Update);
        return members.Count(static member => !member.Connection.IsOnLoop);
    }

    /// <summary>The topic of what is sent to a session by its id, made by the first who asks. Null when there is no such session.</summary>
    private string? FindOwnTopic(string sessionId, out int unseenCount)
    {
        unseenCount = 0;
        SseMember<TSession>[] members;
        SseSession<TSession>? session;
        lock (_gate)
        {
            if (!_sessions.TryGetValue(sessionId, out session))
            {
                return null;
            }

            if (session.OwnTopic is { } known)
            {
                return known;
            }

            session.OwnTopic = (++_lastOwnTopic).ToString(CultureInfo.InvariantCulture);
            session.OwnFrom = _ownTopics.Hub.TakePosition(session.OwnTopic);
            members = [.. session.Members];
        }

        var own = new SseWantedTopic(session.OwnTopic, session.OwnFrom);
        foreach (SseMember<TSession> member in members)
        {
            member.OnLoop(() => member.Hear(_ownTopics, own));
            unseenCount += member.Connection.IsOnLoop ? 0 : 1;
        }

        return session.OwnTopic;
    }

    private static void Check(in SseEvent item)
    {
        if (item.Id is not null || item.Comment is not null || item.ReconnectionInterval is not null)
        {
            throw new ArgumentException("An event of a hub is its data and its type; the hub gives the id.", nameof(item));
        }

        SseFormatter.Check(item);
    }
}
