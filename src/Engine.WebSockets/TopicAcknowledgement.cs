namespace Engine.WebSockets;

/// <summary>A topic has the message.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Position">Where the message stands.</param>
/// <param name="IsDuplicate">Whether the topic had it already, by an earlier try.</param>
public readonly record struct TopicAcknowledgement(string Topic, TopicPosition Position, bool IsDuplicate);
