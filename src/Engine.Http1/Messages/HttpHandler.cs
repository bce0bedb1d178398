namespace Engine.Http1;

/// <summary>
/// Answers one request. It may complete synchronously, which costs no allocation, or later: until then no further request of that connection is read.
/// The context is pooled and must not be used once the task has completed.
/// </summary>
public delegate ValueTask HttpHandler(HttpContext context);

/// <summary>Runs around every request, whatever it is routed to (<see cref="HttpContext.RouteKind"/> says what); answers it itself or calls <paramref name="next"/>.</summary>
public delegate ValueTask HttpMiddleware(HttpContext context, HttpHandler next);
