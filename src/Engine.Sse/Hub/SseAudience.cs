namespace Engine.Sse;

/// <summary>Members of a channel that live on one loop. Never changed once made: a delivery that is on its way holds on to it.</summary>
internal readonly struct SseAudience<TSession>(SseInbox<TSession> inbox, SseMember<TSession>[] members)
{
    public SseInbox<TSession> Inbox => inbox;

    public SseMember<TSession>[] Members => members;

    public static SseAudience<TSession>[] Of(IEnumerable<SseSession<TSession>> sessions)
        => [.. sessions.SelectMany(static session => session.Members)
            .GroupBy(static member => member.Inbox)
            .Select(static group => new SseAudience<TSession>(group.Key, [.. group]))];
}
