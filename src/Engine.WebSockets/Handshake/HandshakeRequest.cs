namespace Engine.WebSockets;

/// <summary>What a handshake needs of a request: values as they came, several of one name joined by commas, null where the name is absent.</summary>
internal readonly record struct HandshakeRequest
{
    public required bool IsGet { get; init; }

    /// <summary>HTTP/1.1; an upgrade exists in no other version.</summary>
    public required bool IsHttp11 { get; init; }

    public string? Host { get; init; }

    public string? Connection { get; init; }

    public string? Upgrade { get; init; }

    public string? Key { get; init; }

    public string? Version { get; init; }

    public string? Protocols { get; init; }

    public string? Extensions { get; init; }

    public string? Origin { get; init; }
}
