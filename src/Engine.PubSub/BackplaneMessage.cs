namespace Engine.PubSub;

/// <summary>A message that arrived from a broker, or was read from its history.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Position">Its place; of no epoch when the broker does not keep it.</param>
/// <param name="PreviousOffset">The offset of the message before it in the topic; null when that is not known, so that the hub has to read.</param>
/// <param name="Payload">What the hubs say to one another; not changed any more.</param>
public readonly record struct BackplaneMessage(string Topic, TopicPosition Position, ulong? PreviousOffset, ReadOnlyMemory<byte> Payload);
