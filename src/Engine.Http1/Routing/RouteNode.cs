namespace Engine.Http1;

/// <summary>One segment's place in the router's tree.</summary>
internal sealed class RouteNode
{
    private readonly Dictionary<byte[], RouteNode> _literals = new(Utf8Comparer.Instance);

    /// <summary>Parameters that only some values match, in the order in which they were mapped. They go before <see cref="Parameter"/>.</summary>
    public List<(RouteConstraint Constraint, RouteNode Node)> Constrained { get; } = [];

    public RouteNode? Parameter { get; private set; }

    public RouteNode? Rest { get; private set; }

    public List<RouteEndpoint> Endpoints { get; } = [];

    public RouteNode? Literal(ReadOnlySpan<byte> segment)
        => _literals.Count > 0 && _literals.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(segment, out RouteNode? node) ? node : null;

    /// <summary>The child for a pattern's segment, made if need be.</summary>
    public RouteNode Child(RouteSegment segment)
    {
        switch (segment.Kind)
        {
            case RouteSegmentKind.Parameter when segment.Constraint != RouteConstraint.None:
                foreach ((RouteConstraint constraint, RouteNode constrained) in Constrained)
                {
                    if (constraint == segment.Constraint)
                    {
                        return constrained;
                    }
                }

                var made = new RouteNode();
                Constrained.Add((segment.Constraint, made));
                return made;
            case RouteSegmentKind.Parameter:
                return Parameter ??= new RouteNode();
            case RouteSegmentKind.Rest:
                return Rest ??= new RouteNode();
            default:
                if (!_literals.TryGetValue(segment.Literal, out RouteNode? node))
                {
                    node = new RouteNode();
                    _literals.Add(segment.Literal, node);
                }

                return node;
        }
    }

    public RouteEndpoint? Exact(string method) => Endpoints.Find(endpoint => endpoint.Method == method);

    /// <summary>The endpoint that answers a method: its own, GET's for HEAD (RFC 9110 §9.3.2), or the one for any.</summary>
    public RouteEndpoint? Find(string method)
    {
        RouteEndpoint? found = null;
        foreach (RouteEndpoint endpoint in Endpoints)
        {
            if (ReferenceEquals(endpoint.Method, method) || endpoint.Method == method)
            {
                return endpoint;
            }

            if (endpoint.Method == RouteEndpoint.AnyMethod || (method == "HEAD" && endpoint.Method == "GET"))
            {
                found = found?.Method == "GET" ? found : endpoint;
            }
        }

        return found;
    }

    public void Collect(SortedSet<string> methods)
    {
        foreach (RouteEndpoint endpoint in Endpoints)
        {
            methods.Add(endpoint.Method);
        }
    }

    public void CollectAll(SortedSet<string> methods)
    {
        Collect(methods);
        foreach ((_, RouteNode constrained) in Constrained)
        {
            constrained.CollectAll(methods);
        }

        Parameter?.CollectAll(methods);
        Rest?.CollectAll(methods);
        foreach (RouteNode child in _literals.Values)
        {
            child.CollectAll(methods);
        }
    }
}
