using System.Text;

namespace Engine.Http1;

/// <summary>What the parameters of a route's pattern matched. Strings are made when asked for. Valid as long as the context.</summary>
public sealed class RouteParameters
{
    internal const int MaxCount = 16;

    private readonly int[] _starts = new int[MaxCount];
    private readonly int[] _ends = new int[MaxCount];
    private readonly HttpRequest _request;
    private string[] _names = [];

    internal RouteParameters(HttpRequest request) => _request = request;

    /// <summary>Parameters of the route.</summary>
    public int Count => _names.Length;

    /// <summary>The value of a parameter, percent-decoded but for %2F; null when the route has none of that name.</summary>
    public string? this[string name] => TryGetBytes(name, out ReadOnlySpan<byte> value) ? Encoding.UTF8.GetString(value) : null;

    /// <summary>The value as UTF-8 bytes, without an allocation.</summary>
    public bool TryGetBytes(string name, out ReadOnlySpan<byte> value)
    {
        int index = Array.IndexOf(_names, name);
        value = index < 0 ? default : _request.RoutePath[_starts[index].._ends[index]];
        return index >= 0;
    }

    internal void Begin(string[] names) => _names = names;

    internal void Capture(int index, int start, int end)
    {
        _starts[index] = start;
        _ends[index] = end;
    }

    internal void Clear() => _names = [];
}
