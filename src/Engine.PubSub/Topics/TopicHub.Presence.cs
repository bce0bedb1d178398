namespace Engine.PubSub;

/// <summary>Who is in a topic: a latest topic beside it, keyed by member (<see cref="PresenceOptions"/>).</summary>
public sealed partial class TopicHub
{
    /// <summary>How many members a topic with presence has.</summary>
    public int MemberCount(string topic) => FindPresence(topic)?.Count ?? 0;

    /// <summary>The members of a topic with presence, copied, in no order.</summary>
    public IReadOnlyCollection<string> MembersOf(string topic) => FindPresence(topic)?.Names ?? [];

    /// <summary>The name of the topic that has a topic's members.</summary>
    public static string PresenceTopicOf(string topic) => topic + PresenceOptions.TopicSuffix;

    /// <summary>The presence of a topic, made when its first member comes. Under the topic's lock.</summary>
    internal TopicPresence MakePresence(Topic topic)
    {
        string name = PresenceTopicOf(topic.Name);
        return new TopicPresence(topic.Options.Presence!, Options.Clock, message => PublishPresence(name, message));
    }

    private static TopicOptions MakePresenceOptions(PresenceOptions presence)
        => new(TopicKind.Latest) { MaxMessages = presence.MaxMembers + 1, MaxBytes = long.MaxValue };

    private void PublishPresence(string topic, in TopicMessage message)
    {
        PublishResult result = PublishAnywhere(topic, message.Payload.Span, message, except: 0);
        if (!result.IsAccepted && result.Status != PublishStatus.Closed)
        {
            ReportError(new InvalidOperationException($"A change of presence could not be published: {result.Status}."));
        }
    }

    private TopicPresence? FindPresence(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return _topics.TryGetValue(topic, out Topic? found) ? found.Presence : null;
    }

    private TopicOptions? PresenceTopicOptions(string name)
        => IsPresenceTopic(name) && RuleFor(name[..^PresenceOptions.TopicSuffix.Length]).Presence is { } presence ? MakePresenceOptions(presence).Freeze() : null;

    /// <summary>Only the hub publishes there.</summary>
    private static bool IsPresenceTopic(string? name) => name is not null && name.EndsWith(PresenceOptions.TopicSuffix, StringComparison.Ordinal);
}
