namespace Engine.Http1;

/// <summary>Groups of routes: a server within the server, whose patterns begin with a prefix and whose middleware is its own.</summary>
public sealed partial class HttpServer
{
    private readonly HttpServer? _parent;
    private readonly string _prefix = "";

    private HttpServer(HttpServer parent, string prefix)
    {
        _options = parent._options;
        _parent = parent;
        _prefix = prefix;
    }

    private HttpServer Root => _parent?.Root ?? this;

    /// <summary>
    /// Maps a group of routes, or a whole application, under a prefix: <paramref name="map"/> gets a server whose patterns are appended to
    /// it, with everything that maps routes on a server. Middleware that it uses runs around the group's own routes only, within that of
    /// the server. Its fallback takes what begins with the prefix and no route takes, other methods of its paths too; with it the
    /// middleware runs for these as well. Groups may hold groups.
    /// </summary>
    /// <param name="prefix">
    /// A pattern such as <c>/admin</c> or <c>/{tenant}</c>, without a slash at its end. In the group the pattern "" is the prefix itself,
    /// "/" the prefix with a slash.
    /// </param>
    /// <param name="map">Called at once. What it gets cannot be started or stopped by itself.</param>
    /// <returns>This server.</returns>
    /// <exception cref="ArgumentException">The prefix does not begin with a slash, or ends in one; or a pattern is malformed.</exception>
    /// <exception cref="InvalidOperationException">A route conflicts with another, or the server has been started.</exception>
    public HttpServer MapGroup(string prefix, Action<HttpServer> map)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(map);
        ThrowIfStarted();
        if (!prefix.StartsWith('/') || prefix.EndsWith('/'))
        {
            throw new ArgumentException($"A prefix begins with a slash and does not end in one: {prefix}", nameof(prefix));
        }

        map(new HttpServer(this, prefix));
        return this;
    }

    private void MapInParent(string method, string pattern, HttpHandler handler, RouteKind kind, RouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(handler);
        if (pattern.Length > 0 && pattern[0] != '/')
        {
            throw new ArgumentException($"A pattern begins with a slash: {pattern}", nameof(pattern));
        }

        // Composed when the first request comes, so that the order of Use and Map does not matter, as on the server itself.
        HttpHandler? composed = null;
        _parent!.Map(method, _prefix + pattern, context => (composed ??= RequestPipeline.Within(_middleware, handler))(context), options, kind);
    }

    private void MapFallbackInParent(HttpHandler handler)
    {
        MapInParent(RouteEndpoint.AnyMethod, "", handler, RouteKind.None);
        MapInParent(RouteEndpoint.AnyMethod, "/{*rest}", handler, RouteKind.None);
    }

    private void ThrowIfGroup()
    {
        if (_parent is not null)
        {
            throw new InvalidOperationException("A group is started with its server.");
        }
    }
}
