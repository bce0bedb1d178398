namespace Engine.Http1;

/// <summary>What code meets that uses a request, its response or its body after they have ended.</summary>
internal static class EndedRequest
{
    public static ObjectDisposedException Exception()
        => new(nameof(HttpContext), "The request has ended: a context, its request, response and body are valid until the handler's task completes.");
}
