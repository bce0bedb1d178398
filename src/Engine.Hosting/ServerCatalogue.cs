using Engine.Http1;

namespace Engine.Hosting;

/// <summary>The servers that were added, in their order. Filled before the host is built, then only read.</summary>
internal sealed class ServerCatalogue
{
    private readonly List<ServerDefinition> _definitions = [];

    public IReadOnlyList<ServerDefinition> Definitions => _definitions;

    public ServerDefinition Add(string name)
    {
        if (Find(name) is not null)
        {
            throw new ArgumentException($"There is a server of that name already: {name}", nameof(name));
        }

        var definition = new ServerDefinition(name);
        _definitions.Add(definition);
        return definition;
    }

    public ServerDefinition? Find(string? name) => _definitions.Find(definition => string.Equals(definition.Name, name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>What a server was told before it exists.</summary>
internal sealed record ServerDefinition(string Name)
{
    public List<Action<HttpServerOptions, IServiceProvider>> Options { get; } = [];

    public List<Action<HttpServer, IServiceProvider>> Maps { get; } = [];
}
