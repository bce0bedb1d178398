using Microsoft.Extensions.Logging;

namespace Engine;

/// <summary>Makes <see cref="GuardedLogger"/>s of the host's loggers. The host keeps and disposes its own factory.</summary>
internal sealed class GuardedLoggerFactory(ILoggerFactory inner) : ILoggerFactory
{
    /// <summary>Guards a factory, once.</summary>
    public static ILoggerFactory? Guard(ILoggerFactory? factory) => factory is null or GuardedLoggerFactory ? factory : new GuardedLoggerFactory(factory);

    public ILogger CreateLogger(string categoryName) => new GuardedLogger(inner.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
    }
}
