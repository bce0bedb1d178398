using System.Buffers;

namespace Engine.Sse;

/// <summary>What one stream of a hub is subscribed to: the channels of its session, which come and go. Loop only.</summary>
/// <param name="topics">The topics.</param>
/// <param name="connection">The connection that carries the stream.</param>
internal sealed class SseHubSubscriber(SseHubTopics topics, Connection connection) : SseSubscriber(topics.Hub, connection)
{
    private readonly SseHubPlaces _places = new(topics.MaxExact);

    protected override SsePlaces Places => _places;

    protected override SseEventNames Names => topics.Names;

    protected override TimeSpan CheckpointInterval => topics.CheckpointInterval;

    protected override WireForm Form => _places.HasOne ? topics.FormWithId : topics.FormWithoutId;

    /// <summary>Subscribes to all topics, or to none. Returns what refused them. The stream begins with what is lost and where the topics stand.</summary>
    public SubscribeStatus Begin(IEnumerable<SseWantedTopic> wanted)
    {
        var opening = new ArrayBufferWriter<byte>();
        foreach (SseWantedTopic one in wanted)
        {
            SubscribeStatus status = Add(one, opening);
            if (status > SubscribeStatus.AlreadySubscribed)
            {
                Close();
                return status;
            }
        }

        _places.WriteCheckpoint(opening);
        SetOpening(opening.WrittenMemory);
        return SubscribeStatus.Subscribed;
    }

    /// <summary>Makes the subscriptions those that are wanted now. What cannot be subscribed to, or told, ends the stream, so that the client comes back.</summary>
    public void Update(IReadOnlyCollection<SseWantedTopic> wanted)
    {
        if (IsClosed)
        {
            return;
        }

        foreach (string topic in Topics)
        {
            if (!wanted.Any(one => one.Topic == topic))
            {
                Unsubscribe(topic);
                _places.Remove(topic);
            }
        }

        var told = new ArrayBufferWriter<byte>();
        bool isNew = false;
        foreach (SseWantedTopic one in wanted)
        {
            if (!IsSubscribed(one.Topic))
            {
                isNew = true;
                if (Add(one, told) > SubscribeStatus.AlreadySubscribed)
                {
                    CloseConnection(0, "no place");
                    return;
                }
            }
        }

        if (told.WrittenCount > 0 && TrySendBlock(told.WrittenMemory) == SendStatus.Dropped)
        {
            CloseConnection(0, "no room to tell a loss");
        }
        else if (isNew)
        {
            // A client that is cut before the channel's first event comes back for what it missed of it.
            SendCheckpoint();
        }
    }

    protected override string? NameOf(string topic) => topics.NameOf(topic);

    private SubscribeStatus Add(in SseWantedTopic wanted, ArrayBufferWriter<byte> told)
    {
        SubscribeResult result = Subscribe(wanted.Topic, wanted.After);
        if (result.Status == SubscribeStatus.AlreadySubscribed || !result.IsSubscribed)
        {
            return result.Status;
        }

        // None while the topic's state is waited for: a client that leaves before has nothing.
        TopicPosition start = PositionOf(wanted.Topic);
        _places.Add(wanted.Topic, result.TopicNumber, result.Kind, start, topics.IsInIds(result.Kind));
        if (result.Status == SubscribeStatus.Lost)
        {
            WriteGap(told, new TopicGap(wanted.Topic, result.LostAfter, start.IsNone ? result.Position : start, result.LostCount));
        }

        return result.Status;
    }
}
