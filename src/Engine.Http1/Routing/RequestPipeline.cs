namespace Engine.Http1;

/// <summary>What runs for each request: middleware in the order of its registration, then the route's handler, the fallback, or a 404, 405 or OPTIONS answer.</summary>
internal sealed class RequestPipeline(Router router, IReadOnlyList<HttpMiddleware> middleware, HttpHandler? fallback)
{
    private readonly HttpHandler _entry = Compose(middleware, fallback);

    /// <summary>Measures requests while somebody listens; null where nothing does.</summary>
    public RequestTelemetry? Telemetry { get; init; }

    /// <summary>Makes the services of a request; null when the server has none.</summary>
    public Func<IServiceProvider>? CreateServices { get; init; }

    /// <summary>Finds the route. Called before <see cref="Run"/>, so that middleware can tell what it is on.</summary>
    public void Route(HttpContext context)
    {
        context.CreateServices = CreateServices;
        HttpRequest request = context.Request;
        RouteEndpoint? endpoint = router.Match(request.RoutePath, request.Method, context.RouteParameters);
        if (endpoint is not null)
        {
            context.RouteHandler = endpoint.Handler;
            context.RouteTemplate = endpoint.Pattern;
            context.RouteKind = endpoint.Kind;
            context.RouteOptions = endpoint.Options;
            return;
        }

        context.AllowedMethods = router.AllowedMethods(request.RoutePath);
    }

    /// <summary>
    /// Runs the handlers. What they leave in AsyncLocals ends with their request: behind a proxy the next one of the connection may be another user's.
    /// </summary>
    public ValueTask Run(HttpContext context)
    {
        ExecutionContext? before = ExecutionContext.Capture();
        try
        {
            if (Telemetry is { IsEnabled: true } telemetry)
            {
                telemetry.Begin(context);
            }

            return CreateServices is null ? _entry(context) : RunWithServices(context);
        }
        finally
        {
            if (before is not null && !ReferenceEquals(ExecutionContext.Capture(), before))
            {
                ExecutionContext.Restore(before);
            }
        }
    }

    private ValueTask RunWithServices(HttpContext context)
    {
        ValueTask running;
        try
        {
            running = _entry(context);
        }
        catch (Exception exception) when (context.HasServices)
        {
            running = ValueTask.FromException(exception);
        }

        return running.IsCompletedSuccessfully && !context.HasServices ? default : EndServicesAsync(context, running);
    }

    private static async ValueTask EndServicesAsync(HttpContext context, ValueTask running)
    {
        try
        {
            await running.ConfigureAwait(false);
        }
        finally
        {
            await context.EndServicesAsync().ConfigureAwait(false);
        }
    }

    private static HttpHandler Compose(IReadOnlyList<HttpMiddleware> middleware, HttpHandler? fallback)
        => Around(middleware, context =>
        {
            context.Response.Headers.Mark();
            return context.RouteHandler is { } handler ? handler(context) : Answer(context, fallback);
        });

    /// <summary>The same for a group's middleware, whose fields are kept as the server's are when the handler fails.</summary>
    public static HttpHandler Within(IReadOnlyList<HttpMiddleware> middleware, HttpHandler handler)
        => middleware.Count == 0 ? handler : Around(middleware, context =>
        {
            context.Response.Headers.Mark();
            return handler(context);
        });

    /// <summary>A handler with middleware around it, the first of which is the outermost.</summary>
    public static HttpHandler Around(IReadOnlyList<HttpMiddleware> middleware, HttpHandler handler)
    {
        HttpHandler next = handler;
        if (middleware.Count > 0)
        {
            next = context => Foretell(context, handler);
        }

        for (int i = middleware.Count - 1; i >= 0; i--)
        {
            HttpMiddleware current = middleware[i];
            HttpHandler inner = next;
            next = context => current(context, inner);
        }

        return next;
    }

    /// <summary>Middleware that an exception passes sees the status that it will become.</summary>
    private static ValueTask Foretell(HttpContext context, HttpHandler route)
    {
        ValueTask running;
        try
        {
            running = route(context);
        }
        catch (Exception exception)
        {
            context.Response.Foretell(HandlerFailure.StatusOf(exception));
            throw;
        }

        return running.IsCompletedSuccessfully ? running : ForetellAsync(context, running);
    }

    private static async ValueTask ForetellAsync(HttpContext context, ValueTask running)
    {
        try
        {
            await running.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            context.Response.Foretell(HandlerFailure.StatusOf(exception));
            throw;
        }
    }

    private static ValueTask Answer(HttpContext context, HttpHandler? fallback)
    {
        if (context.AllowedMethods is not { } allowed)
        {
            if (fallback is not null)
            {
                return fallback(context);
            }

            context.Response.StatusCode = 404;
            return context.Response.WriteAsync("Not Found\n");
        }

        // RFC 9110 §15.5.6: a 405 names what is allowed; §9.3.7: so does the answer to OPTIONS.
        context.Response.Headers.Set("Allow", allowed);
        if (context.Request.Method == "OPTIONS")
        {
            context.Response.StatusCode = 204;
            return default;
        }

        context.Response.StatusCode = 405;
        return context.Response.WriteAsync("Method Not Allowed\n");
    }
}
