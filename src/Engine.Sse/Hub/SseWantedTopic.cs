namespace Engine.Sse;

/// <summary>A topic that a stream of a hub is to be subscribed to.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="After">What the client has of it; null for a client that is new to it.</param>
internal readonly record struct SseWantedTopic(string Topic, TopicPosition? After);
