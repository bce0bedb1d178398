namespace Engine.WebSockets;

/// <summary>What one side of one endpoint accepts. Shared by its connections; read only.</summary>
internal sealed class FrameRules
{
    /// <summary>Whether the peer must mask: true on a server, false on a client (RFC 6455 §5.1).</summary>
    public required bool IsMaskExpected { get; init; }

    public required long MaxFrameBytes { get; init; }

    public required long MaxMessageBytes { get; init; }

    public required int MaxFragmentCount { get; init; }
}
