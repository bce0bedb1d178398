using System.Diagnostics;

namespace Engine.Http1;

/// <summary>
/// The names under which HTTP servers publish what OpenTelemetry's semantic conventions ask for, and the trace context that a request brings. While nobody listens,
/// nothing is measured and nothing allocated.
/// </summary>
public static class HttpTelemetry
{
    /// <summary>The meter of <c>http.server.request.duration</c> and <c>http.server.active_requests</c>.</summary>
    public const string MeterName = "Engine.Http1";

    /// <summary>The source of one activity a request, which is current while its handlers run.</summary>
    public const string ActivitySourceName = "Engine.Http1";

    /// <summary>Reads the trace context of a request (W3C Trace Context: <c>traceparent</c>, <c>tracestate</c>), also while nobody listens to the activities.</summary>
    /// <param name="request">The request.</param>
    /// <param name="context">Whose trace the request belongs to.</param>
    /// <returns>False when the request brings none, or a malformed one.</returns>
    public static bool TryGetTraceContext(this HttpRequest request, out ActivityContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        context = default;
        return request.Headers.Contains("traceparent")
            && ActivityContext.TryParse(request.Headers["traceparent"], request.Headers["tracestate"], isRemote: true, out context);
    }
}
