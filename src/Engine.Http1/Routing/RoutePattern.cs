using System.Text;

namespace Engine.Http1;

/// <summary>A parsed pattern: <c>/literal</c>, <c>/{name}</c> for one segment that is not empty, <c>/{name:int}</c> for one that is a number, <c>/{*name}</c> for the rest, the empty one included.</summary>
internal sealed class RoutePattern
{
    private RoutePattern(string text, List<RouteSegment> segments, string[] names)
    {
        Text = text;
        Segments = segments;
        ParameterNames = names;
    }

    public string Text { get; }

    public IReadOnlyList<RouteSegment> Segments { get; }

    public string[] ParameterNames { get; }

    public bool IsLiteral => ParameterNames.Length == 0;

    /// <exception cref="ArgumentException">The pattern is malformed.</exception>
    public static RoutePattern Parse(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (pattern.Length == 0 || pattern[0] != '/')
        {
            throw new ArgumentException($"A pattern begins with a slash: {pattern}", nameof(pattern));
        }

        var segments = new List<RouteSegment>();
        var names = new List<string>();
        string[] parts = pattern[1..].Split('/');
        for (int i = 0; i < parts.Length; i++)
        {
            RouteSegment segment = ParseSegment(pattern, parts[i], names);
            if (segment.Kind == RouteSegmentKind.Rest && i != parts.Length - 1)
            {
                throw new ArgumentException($"Nothing follows a parameter for the rest: {pattern}", nameof(pattern));
            }

            segments.Add(segment);
        }

        if (names.Count > RouteParameters.MaxCount)
        {
            throw new ArgumentException($"A pattern has at most {RouteParameters.MaxCount} parameters: {pattern}", nameof(pattern));
        }

        return new RoutePattern(pattern, segments, [.. names]);
    }

    private static RouteSegment ParseSegment(string pattern, string part, List<string> names)
    {
        if (part.Length == 0 || part[0] != '{')
        {
            if (part.AsSpan().IndexOfAny('{', '}') >= 0)
            {
                throw new ArgumentException($"A parameter is a whole segment: {pattern}", nameof(pattern));
            }

            if (part is "*" or "**")
            {
                throw new ArgumentException($"The rest of a path is {{*name}}, not {part}: {pattern}", nameof(pattern));
            }

            return new RouteSegment(RouteSegmentKind.Literal, Encoding.UTF8.GetBytes(part), RouteConstraint.None);
        }

        bool isRest = part.StartsWith("{*", StringComparison.Ordinal);
        string name = part[(isRest ? 2 : 1)..].TrimEnd('}');
        if (name.AsSpan().IndexOfAny('?', '=') >= 0)
        {
            throw new ArgumentException($"A parameter has no default and is not optional, {part} in {pattern}: map a pattern for each case.", nameof(pattern));
        }

        RouteConstraint constraint = RouteConstraint.None;
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            if (isRest || !RouteConstraints.TryParse(name[(colon + 1)..], out constraint))
            {
                throw new ArgumentException(
                    $"A parameter of one segment may be {RouteConstraints.Names}; {part} in {pattern} is not: check its value in the handler.", nameof(pattern));
            }

            name = name[..colon];
        }

        if (part[^1] != '}' || name.Length == 0 || name.AsSpan().IndexOfAny('{', '}', '*') >= 0 || names.Contains(name))
        {
            throw new ArgumentException($"A parameter is {{name}} or {{*name}}, each name once: {pattern}", nameof(pattern));
        }

        names.Add(name);
        return new RouteSegment(isRest ? RouteSegmentKind.Rest : RouteSegmentKind.Parameter, [], constraint);
    }
}

/// <summary>One segment of a pattern.</summary>
internal readonly record struct RouteSegment(RouteSegmentKind Kind, byte[] Literal, RouteConstraint Constraint);

/// <summary>What a segment matches, in order of precedence.</summary>
internal enum RouteSegmentKind : byte
{
    /// <summary>Itself.</summary>
    Literal = 0,

    /// <summary>Any segment that is not empty.</summary>
    Parameter = 1,

    /// <summary>Everything that is left.</summary>
    Rest = 2,
}
