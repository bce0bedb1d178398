namespace Engine;

/// <summary>The loops that a client's connections live on, and what its connections share: the client's own, or a server's.</summary>
internal interface IClientLoops
{
    Transport Transport { get; }

    ConnectionHost Host { get; }

    EngineMetrics Metrics { get; }

    int ConnectionCount { get; }

    /// <summary>Whether no more connections may be made.</summary>
    bool IsEnding { get; }

    /// <summary>Returns the loop of the next connection.</summary>
    EventLoop NextLoop();

    /// <summary>A connection is about to be made; <see cref="ConnectionHost.OnClosed"/> takes it back. On its loop.</summary>
    void CountConnection(EventLoop loop);

    /// <summary>Ends what is the client's.</summary>
    Task CloseAsync();
}
