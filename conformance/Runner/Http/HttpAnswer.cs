namespace Conformance;

/// <summary>One answer of the server.</summary>
/// <param name="Status">Its code.</param>
/// <param name="Headers">Names and values as they stood.</param>
/// <param name="Body">Decoded; empty for 1xx, 204, 304 and answers to HEAD.</param>
internal sealed record HttpAnswer(int Status, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    public string? Header(string name) =>
        Headers.FirstOrDefault(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { Name: not null } found ? found.Value : null;
}
