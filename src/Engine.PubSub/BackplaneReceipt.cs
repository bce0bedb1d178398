namespace Engine.PubSub;

/// <summary>What a broker answers to a publication.</summary>
/// <param name="Position">The message's place; of no epoch when the broker does not keep it.</param>
/// <param name="IsDuplicate">Whether the broker had the message, by its idempotency key: the place is the earlier one's.</param>
public readonly record struct BackplaneReceipt(TopicPosition Position, bool IsDuplicate);
