namespace Engine.PubSub;

/// <summary>What a broker can do.</summary>
/// <param name="KeepsHistory">
/// Whether it keeps messages and gives them positions. Without it every node has positions of its own, and what is published while a node is away is lost
/// to it, which its subscribers are told.
/// </param>
/// <param name="HasConsecutiveOffsets">Whether the offsets of one topic rise by one each, so that they count the messages.</param>
/// <param name="MaxPayloadBytes">Bytes of one message on the broker; a hub adds some to each of its own.</param>
public readonly record struct BackplaneTraits(bool KeepsHistory, bool HasConsecutiveOffsets, int MaxPayloadBytes);
