namespace Engine.WebSockets;

/// <summary>What a <see cref="TopicClient"/> says at each change of its status.</summary>
/// <param name="Status">Where it stands.</param>
/// <param name="Code">Why it waits or has closed: a close code of WebSockets; under 1000, a status of HTTP. 0 where there is no reason.</param>
/// <param name="Reason">What came with the code, for people.</param>
/// <param name="RetryIn">The time until the next attempt.</param>
public readonly record struct TopicClientState(TopicClientStatus Status, int Code, string Reason, TimeSpan RetryIn);
