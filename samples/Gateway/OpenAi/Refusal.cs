using Engine.Http1;

namespace Gateway;

/// <summary>What clients of OpenAI's interfaces are told when something is wrong.</summary>
internal static class Refusal
{
    public static ValueTask SendAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        if (status == 429)
        {
            context.Response.Headers.Set("Retry-After", "2");
        }

        return context.Response.WriteJsonAsync(new Failure(new FailureDetail(message, status == 429 ? "rate_limit_error" : "invalid_request_error")), OpenAiJson.Default.Failure);
    }
}
