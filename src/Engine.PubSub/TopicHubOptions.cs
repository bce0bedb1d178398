namespace Engine.PubSub;

/// <summary>Which topics there are and what they may cost. Read when the hub is made; later changes have no effect.</summary>
public sealed class TopicHubOptions
{
    private List<(string Pattern, TopicOptions Options)> _rules = [];

    /// <summary>Begins with the defaults.</summary>
    public TopicHubOptions()
    {
    }

    /// <summary>Begins with a copy of other options and their rules.</summary>
    public TopicHubOptions(TopicHubOptions other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Default = other.Default;
        Wildcards = other.Wildcards;
        MaxTopics = other.MaxTopics;
        MaxTopicNameBytes = other.MaxTopicNameBytes;
        MaxSubscriptionsPerConnection = other.MaxSubscriptionsPerConnection;
        MaxMessageBytes = other.MaxMessageBytes;
        MaxLogBytes = other.MaxLogBytes;
        IdleTopicAge = other.IdleTopicAge;
        IdempotencyWindow = other.IdempotencyWindow;
        MaxIdempotencyKeys = other.MaxIdempotencyKeys;
        Backplane = other.Backplane;
        OnError = other.OnError;
        Clock = other.Clock;
        _rules = [.. other._rules];
    }

    /// <summary>What topics without a rule are; ephemeral by default.</summary>
    public TopicOptions Default { get; set; } = new(TopicKind.Ephemeral);

    /// <summary>
    /// Whether <c>orders.*</c> and <c>orders.&gt;</c> may be subscribed to, and what such a pattern keeps: each pattern is a topic of its own, with a log and
    /// positions, that gets what is published to the topics that match it. Null, the default, allows none. Topics that no subscribed pattern matches pay
    /// nothing; the others one more append a pattern.
    /// </summary>
    public TopicOptions? Wildcards { get; set; }

    /// <summary>Topics at once, patterns included; 100,000 by default. Those without subscribers and without kept messages give way.</summary>
    public int MaxTopics { get; set; } = 100_000;

    /// <summary>Bytes of a topic's name in UTF-8; 200 by default.</summary>
    public int MaxTopicNameBytes { get; set; } = 200;

    /// <summary>Topics that one connection may be subscribed to; 256 by default.</summary>
    public int MaxSubscriptionsPerConnection { get; set; } = 256;

    /// <summary>Bytes of one payload; 1 MiB by default.</summary>
    public int MaxMessageBytes { get; set; } = 1 << 20;

    /// <summary>
    /// Bytes that all topics keep together, counted as in <see cref="TopicOptions.MaxBytes"/>; 256 MiB by default. Past it the topics without subscribers
    /// forget their messages first, the one that was longest without a publication before the others; then the topic that is published to forgets its oldest.
    /// Frames that were encoded from the payloads come on top: about as much again for each wire format in use.
    /// </summary>
    public long MaxLogBytes { get; set; } = 256 << 20;

    /// <summary>How long a topic without subscribers and without kept messages remembers its position; 1 minute by default.</summary>
    public TimeSpan IdleTopicAge { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an idempotency key is remembered; 5 minutes by default.</summary>
    public TimeSpan IdempotencyWindow { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Idempotency keys that one topic remembers; 1,000 by default. The oldest is forgotten first.</summary>
    public int MaxIdempotencyKeys { get; set; } = 1_000;

    /// <summary>Joins the topics to those of other nodes; null, the default, for a hub by itself. Presence and patterns stay within the node.</summary>
    public BackplaneOptions? Backplane { get; set; }

    /// <summary>Told of exceptions that leave the host's own callbacks (the hub's events, <see cref="TopicOptions.GetState"/>, <c>ForEach</c>). Any thread.</summary>
    public Action<Exception>? OnError { get; set; }

    /// <summary>Tells ages and drives timers; the system's by default.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>
    /// Adds a rule: topics that match <paramref name="pattern"/> get <paramref name="options"/>. The first rule that matches counts. Levels are divided by
    /// dots; <c>*</c> stands for one level, <c>&gt;</c> at the end for one or more.
    /// </summary>
    /// <exception cref="ArgumentException">The pattern is malformed.</exception>
    public TopicHubOptions Add(string pattern, TopicOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        TopicPattern.Check(pattern);
        _rules.Add((pattern, options));
        return this;
    }

    /// <summary>Adds a rule before all others, for topics that the host's own rules are not meant for.</summary>
    /// <exception cref="ArgumentException">The pattern is malformed.</exception>
    public TopicHubOptions AddFirst(string pattern, TopicOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        TopicPattern.Check(pattern);
        _rules.Insert(0, (pattern, options));
        return this;
    }

    private void CheckModes()
    {
        bool isOrdered = Default.PublishMode == PublishMode.Ordered || _rules.Exists(static rule => rule.Options.PublishMode == PublishMode.Ordered);
        if (isOrdered && Backplane is { } backplane && !backplane.Brokers[0].Traits.KeepsHistory)
        {
            throw new ArgumentException("Only a broker that keeps history gives topics an order.", nameof(Backplane));
        }
    }

    internal IReadOnlyList<(string Pattern, TopicOptions Options)> Rules => _rules;

    internal TopicHubOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTopics, 1, nameof(MaxTopics));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTopicNameBytes, 1, nameof(MaxTopicNameBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxSubscriptionsPerConnection, 1, nameof(MaxSubscriptionsPerConnection));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageBytes, 1, nameof(MaxMessageBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxLogBytes, 1, nameof(MaxLogBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxIdempotencyKeys, 1, nameof(MaxIdempotencyKeys));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(IdleTopicAge, TimeSpan.Zero, nameof(IdleTopicAge));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(IdempotencyWindow, TimeSpan.Zero, nameof(IdempotencyWindow));
        ArgumentNullException.ThrowIfNull(Clock);
        var frozen = (TopicHubOptions)MemberwiseClone();
        frozen.Default = Default.Freeze();
        frozen.Wildcards = Wildcards?.Freeze();
        frozen.Backplane = Backplane?.Freeze();
        frozen.CheckModes();
        frozen._rules = [.. _rules.Select(static rule => (rule.Pattern, rule.Options.Freeze()))];
        return frozen;
    }
}
