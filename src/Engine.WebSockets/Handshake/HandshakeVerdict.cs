namespace Engine.WebSockets;

/// <summary>What <see cref="ServerHandshake"/> makes of a request: a status to refuse it with, or what was agreed on.</summary>
internal readonly record struct HandshakeVerdict
{
    /// <summary>101, or the status of the refusal.</summary>
    public required int StatusCode { get; init; }

    /// <summary>Why it is refused, for the answer's body.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the refusal says which version this side speaks (RFC 6455 §4.4).</summary>
    public bool TellsVersion { get; init; }

    public string AcceptValue { get; init; }

    public IReadOnlyList<string> RequestedProtocols { get; init; }

    public string? SubProtocol { get; init; }

    public DeflateAgreement Deflate { get; init; }

    public string? ExtensionAnswer { get; init; }

    public bool IsAccepted => StatusCode == 101;
}
