namespace Engine.Sse;

/// <summary>Lets a client in: who it is, and what it listens to.</summary>
/// <typeparam name="TSession">What the application knows of the client.</typeparam>
/// <param name="sessionId">What the hub addresses the session by. Streams with the same id are tabs of one session. Never sent to clients.</param>
/// <param name="session">What the application knows of the client.</param>
/// <param name="channels">Channels that the session is a member of from the beginning, and whose events are replayed.</param>
public sealed class SseTicket<TSession>(string sessionId, TSession session, params IReadOnlyCollection<string> channels)
{
    /// <summary>What the hub addresses the session by.</summary>
    public string SessionId { get; } = sessionId;

    /// <summary>What the application knows of the client.</summary>
    public TSession Session { get; } = session;

    /// <summary>Channels that the session is a member of from the beginning.</summary>
    public IReadOnlyCollection<string> Channels { get; } = channels;
}
