namespace Conformance;

/// <summary>One vector of conformance/Http1; the README there tells the form.</summary>
internal sealed record HttpVector
{
    public required string Id { get; init; }

    /// <summary>The file it stands in, without its ending.</summary>
    public required string Group { get; init; }

    public string Title { get; init; } = "";

    public string Level { get; init; } = "";

    public string Seen { get; init; } = "";

    /// <summary>The lawful outcomes, the wanted one first.</summary>
    public IReadOnlyList<HttpOutcome> Outcomes { get; init; } = [];

    /// <summary>What is sent; a null is a pause.</summary>
    public IReadOnlyList<byte[]?> Parts { get; init; } = [];

    /// <summary>The client ends its sending side behind the last part.</summary>
    public bool EndsSending { get; init; }

    /// <summary>Bytes a write; 0 writes each part whole.</summary>
    public int WriteBytes { get; init; }

    /// <summary>The answers have no body.</summary>
    public bool IsHead { get; init; }

    /// <summary>The body of the last answer, or null when any will do.</summary>
    public byte[]? Body { get; init; }

    /// <summary>Has to stand in the last answer: "Name: value", "Name: start*", or "!Name" for one that must not.</summary>
    public string? Header { get; init; }
}
