namespace Engine.Http1;

/// <summary>One mapped handler: a method of a pattern.</summary>
internal sealed class RouteEndpoint(string method, string pattern, HttpHandler handler, RouteKind kind, string[] parameterNames, RouteOptions? options)
{
    /// <summary>Takes any method.</summary>
    public const string AnyMethod = "*";

    public string Method { get; } = method;

    public string Pattern { get; } = pattern;

    public HttpHandler Handler { get; } = handler;

    public RouteKind Kind { get; } = kind;

    public string[] ParameterNames { get; } = parameterNames;

    /// <summary>Limits of its own, or null.</summary>
    public RouteOptions? Options { get; } = options;
}
