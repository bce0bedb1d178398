using Engine.Http1;

namespace Demo;

/// <summary>How a stream comes to an end that browsers respect: they connect again after every end, but one who brings the last event's id is answered with 204.</summary>
internal static class LastEvent
{
    public const string Id = "done";

    /// <summary>For <see cref="Engine.Sse.SseOptions.OnConnectAsync"/>.</summary>
    public static ValueTask<bool> IsNotSeenAsync(HttpContext context)
    {
        bool isSeen = context.Request.Headers["Last-Event-ID"] == Id;
        if (isSeen)
        {
            context.Response.StatusCode = 204;
        }

        return ValueTask.FromResult(!isSeen);
    }
}
