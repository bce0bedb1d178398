using Engine.Http1;

namespace Engine.Hosting;

/// <summary>The running servers of a host, by name. A singleton of the host's services. Any thread.</summary>
public sealed class EngineServers
{
    private volatile IReadOnlyDictionary<string, HttpServer> _running = new Dictionary<string, HttpServer>();
    private volatile bool _isReady;

    internal EngineServers()
    {
    }

    /// <summary>Whether the host has started and was not told to stop: what the health check <c>ready</c> says.</summary>
    public bool IsReady => _isReady;

    /// <summary>The names of the servers that have started.</summary>
    public IEnumerable<string> Names => _running.Keys;

    /// <summary>A server: its end points, its connections, its counters. Do not stop it: the host does.</summary>
    /// <exception cref="KeyNotFoundException">No server of that name has started.</exception>
    public HttpServer this[string name]
        => _running.TryGetValue(name, out HttpServer? server) ? server : throw new KeyNotFoundException($"No server of that name has started: {name}");

    /// <summary>The longest turn of any loop of late.</summary>
    internal TimeSpan LoopLag => _running.Values.Select(server => server.Engine.Metrics.LoopLag).DefaultIfEmpty().Max();

    internal IReadOnlyCollection<HttpServer> All => [.. _running.Values];

    internal void Set(IReadOnlyDictionary<string, HttpServer> running) => _running = running;

    internal void SetReady(bool isReady) => _isReady = isReady;
}
