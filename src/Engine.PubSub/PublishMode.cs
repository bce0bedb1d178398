namespace Engine.PubSub;

/// <summary>In which order the subscribers of a topic see it, when a hub has a backplane.</summary>
public enum PublishMode : byte
{
    /// <summary>
    /// Subscribers of the publishing node get a message at once, the others when the broker has brought it: two publishers on two nodes may be seen in different
    /// orders. Positions are the node's own. At most once between nodes.
    /// </summary>
    LocalFirst = 0,

    /// <summary>
    /// Everybody sees the broker's order, and positions are the broker's: a subscriber goes on with its position on any node. A message is delivered when the
    /// broker has it.
    /// </summary>
    Ordered = 1,
}
