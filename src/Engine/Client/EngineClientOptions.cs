using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Engine;

/// <summary>How a client with loops of its own runs. Read once, when the client is made.</summary>
public sealed class EngineClientOptions
{
    /// <summary>Which transport to use. <see cref="TransportKind.Auto"/> by default.</summary>
    public TransportKind Transport { get; set; } = TransportKind.Auto;

    /// <summary>Event loops, each one thread; 1 by default, at most 64.</summary>
    public int LoopCount { get; set; } = 1;

    /// <summary>Limits and clocks of each connection.</summary>
    public ConnectionOptions Connections { get; set; } = new();

    /// <summary>Where log lines go; nowhere by default.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The client's name, which tags its metrics (<see cref="EngineMetrics.ServerTag"/>); <c>client</c> by default.</summary>
    public string Name { get; set; } = "client";

    /// <summary>Makes the client's meter; null, the default, makes it for the whole process.</summary>
    public IMeterFactory? MeterFactory { get; set; }

    internal ServerOptions ToServerOptions()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(LoopCount, 1, nameof(LoopCount));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LoopCount, 64, nameof(LoopCount));
        ArgumentException.ThrowIfNullOrEmpty(Name, nameof(Name));
        return new ServerOptions { Transport = Transport, LoopCount = LoopCount, Connections = Connections.Freeze() };
    }
}
