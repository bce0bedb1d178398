namespace Engine.PubSub;

/// <summary>What became of messages that were offered to a subscriber that keeps up.</summary>
internal enum OfferOutcome : byte
{
    /// <summary>Its queue has them all, and room for more.</summary>
    TookAll = 0,

    /// <summary>Its queue is full after some of them: it falls behind.</summary>
    IsFull = 1,

    /// <summary>Its connection has ended.</summary>
    Gone = 2,
}
