namespace Engine.Http1;

/// <summary>
/// Finds the handler of a path and method. A literal segment goes before a parameter with a constraint, that before one without, a parameter before the rest; patterns of the same shape and method
/// conflict when they are mapped. Built before the server starts, then only read, by all loops. A trailing slash is a segment of its own.
/// </summary>
internal sealed class Router
{
    private readonly Dictionary<byte[], RouteNode> _literals = new(Utf8Comparer.Instance);
    private readonly Dictionary<byte[], RouteNode>.AlternateLookup<ReadOnlySpan<byte>> _literalsBySpan;
    private readonly RouteNode _root = new();

    public Router() => _literalsBySpan = _literals.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <exception cref="InvalidOperationException">The same method of the same shape is mapped already.</exception>
    /// <exception cref="ArgumentException">Pattern or method is malformed.</exception>
    public void Map(string method, string pattern, HttpHandler handler, RouteKind kind, RouteOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(method);
        ArgumentNullException.ThrowIfNull(handler);
        if (method.AsSpan().IndexOfAnyExcept(HttpCharacters.TokenText) >= 0)
        {
            throw new ArgumentException($"A method is a token: {method}", nameof(method));
        }

        RoutePattern parsed = RoutePattern.Parse(pattern);
        RouteNode node = _root;
        foreach (RouteSegment segment in parsed.Segments)
        {
            node = node.Child(segment);
        }

        if (node.Exact(method) is { } other)
        {
            throw new InvalidOperationException($"{method} {pattern} conflicts with {method} {other.Pattern}.");
        }

        node.Endpoints.Add(new RouteEndpoint(method, pattern, handler, kind, parsed.ParameterNames, options));
        if (parsed.IsLiteral)
        {
            _literals[System.Text.Encoding.UTF8.GetBytes(pattern)] = node;
        }
    }

    /// <summary>The endpoint of a request, whose parameters are captured; null when there is none.</summary>
    public RouteEndpoint? Match(ReadOnlySpan<byte> path, string method, RouteParameters parameters)
    {
        if (_literalsBySpan.TryGetValue(path, out RouteNode? literal) && literal.Find(method) is { } exact)
        {
            return exact;
        }

        if (path.IsEmpty || path[0] != '/')
        {
            return null;
        }

        RouteEndpoint? endpoint = Walk(_root, path, 1, 0, method, parameters);
        if (endpoint is not null)
        {
            parameters.Begin(endpoint.ParameterNames);
        }

        return endpoint;
    }

    /// <summary>The methods that a path knows, as an Allow field's value; null when the path is unknown. With "*" those of all paths.</summary>
    public string? AllowedMethods(ReadOnlySpan<byte> path)
    {
        var methods = new SortedSet<string>(StringComparer.Ordinal);
        if (path.SequenceEqual("*"u8))
        {
            _root.CollectAll(methods);
        }
        else if (!path.IsEmpty && path[0] == '/')
        {
            Collect(_root, path, 1, methods);
        }

        if (methods.Count == 0)
        {
            return null;
        }

        if (methods.Contains("GET"))
        {
            methods.Add("HEAD");
        }

        methods.Add("OPTIONS");
        return string.Join(", ", methods);
    }

    private static RouteEndpoint? Walk(RouteNode node, ReadOnlySpan<byte> path, int start, int captured, string method, RouteParameters parameters)
    {
        if (start > path.Length)
        {
            return node.Find(method);
        }

        int end = SegmentEnd(path, start);
        ReadOnlySpan<byte> segment = path[start..end];
        if (node.Literal(segment) is { } literal && Walk(literal, path, end + 1, captured, method, parameters) is { } byLiteral)
        {
            return byLiteral;
        }

        foreach ((RouteConstraint constraint, RouteNode constrained) in node.Constrained)
        {
            if (RouteConstraints.IsMet(constraint, segment))
            {
                parameters.Capture(captured, start, end);
                if (Walk(constrained, path, end + 1, captured + 1, method, parameters) is { } byConstraint)
                {
                    return byConstraint;
                }
            }
        }

        if (node.Parameter is { } parameter && !segment.IsEmpty)
        {
            parameters.Capture(captured, start, end);
            if (Walk(parameter, path, end + 1, captured + 1, method, parameters) is { } byParameter)
            {
                return byParameter;
            }
        }

        if (node.Rest is { } rest)
        {
            parameters.Capture(captured, start, path.Length);
            return rest.Find(method);
        }

        return null;
    }

    private static void Collect(RouteNode node, ReadOnlySpan<byte> path, int start, SortedSet<string> methods)
    {
        if (start > path.Length)
        {
            node.Collect(methods);
            return;
        }

        int end = SegmentEnd(path, start);
        ReadOnlySpan<byte> segment = path[start..end];
        if (node.Literal(segment) is { } literal)
        {
            Collect(literal, path, end + 1, methods);
        }

        foreach ((RouteConstraint constraint, RouteNode constrained) in node.Constrained)
        {
            if (RouteConstraints.IsMet(constraint, segment))
            {
                Collect(constrained, path, end + 1, methods);
            }
        }

        if (node.Parameter is { } parameter && !segment.IsEmpty)
        {
            Collect(parameter, path, end + 1, methods);
        }

        node.Rest?.Collect(methods);
    }

    private static int SegmentEnd(ReadOnlySpan<byte> path, int start)
    {
        int slash = path[start..].IndexOf((byte)'/');
        return slash < 0 ? path.Length : start + slash;
    }
}
