using Microsoft.Extensions.DependencyInjection;

namespace Engine.Hosting;

/// <summary>The services of one request or one WebSocket; what they made ends with it.</summary>
internal sealed class ServiceScope(IServiceScopeFactory scopes) : IKeyedServiceProvider, IAsyncDisposable
{
    private readonly AsyncServiceScope _scope = scopes.CreateAsyncScope();

    public object? GetService(Type serviceType) => _scope.ServiceProvider.GetService(serviceType);

    public object? GetKeyedService(Type serviceType, object? serviceKey)
        => _scope.ServiceProvider is IKeyedServiceProvider keyed
            ? keyed.GetKeyedService(serviceType, serviceKey)
            : throw new InvalidOperationException("The host's container knows no keyed services.");

    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) => _scope.ServiceProvider.GetRequiredKeyedService(serviceType, serviceKey);

    public ValueTask DisposeAsync() => _scope.DisposeAsync();
}
