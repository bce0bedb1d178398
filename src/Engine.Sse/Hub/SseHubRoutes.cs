using Engine.Http1;

namespace Engine.Sse;

/// <summary>Maps the streams of a hub.</summary>
public static class SseHubRoutes
{
    /// <summary>
    /// Maps a pattern to a hub. <paramref name="authorize"/> is asked before the stream starts: a ticket lets the client in; null refuses it, with the status that
    /// was set (401, 403, or 204), else 403. A ticket for a channel whose name no topic may have is answered with 400. A client for whom the hub has no place is answered with 503 and <c>Retry-After</c>, or as
    /// <see cref="SseOptions.EndWhenFull"/> says.
    /// </summary>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapSseHub<TSession>(
        this HttpServer server,
        string pattern,
        SseHub<TSession> hub,
        Func<HttpContext, ValueTask<SseTicket<TSession>?>> authorize,
        SseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(hub);
        ArgumentNullException.ThrowIfNull(authorize);
        var endpoint = new SseEndpoint(options ?? new SseOptions());
        return endpoint.Map(server, pattern, context => RunAsync(context, endpoint, hub, authorize));
    }

    private static async ValueTask RunAsync<TSession>(
        HttpContext context,
        SseEndpoint endpoint,
        SseHub<TSession> hub,
        Func<HttpContext, ValueTask<SseTicket<TSession>?>> authorize)
    {
        SseMember<TSession>? member = null;
        try
        {
            await endpoint.RunAsync(
                context,
                async admitted =>
                {
                    if (await authorize(admitted) is not { } ticket)
                    {
                        return SseAdmission.Refused;
                    }

                    member = hub.TryAdmit(ticket, admitted.Connection);
                    if (member is null)
                    {
                        return SseAdmission.Full;
                    }

                    switch (await hub.BeginAsync(member, endpoint.LastEventIdOf(admitted)))
                    {
                        case SubscribeStatus.Subscribed:
                            return SseAdmission.Admitted;
                        case SubscribeStatus.InvalidTopic:
                            admitted.Response.StatusCode = 400;
                            return SseAdmission.Refused;
                        default:
                            return SseAdmission.Full;
                    }
                },
                (stream, cancellationToken) => hub.RunAsync(stream, member!, cancellationToken));
        }
        finally
        {
            if (member is not null)
            {
                hub.Remove(member);
            }
        }
    }
}
