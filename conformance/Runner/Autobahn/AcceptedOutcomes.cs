using System.Text.Json;

namespace Conformance;

/// <summary>conformance/Autobahn/accepted.json: what the gate lets pass besides OK.</summary>
internal sealed record AcceptedOutcomes
{
    public required int CaseCount { get; init; }

    /// <summary>Cases whose outcome the RFC leaves open.</summary>
    public required IReadOnlyList<string> Informational { get; init; }

    /// <summary>By the end under test ("server", "client"): cases that may be NON-STRICT, each with its reason.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> NonStrict { get; init; }

    public static AcceptedOutcomes Read()
    {
        string path = Path.Combine(Repository.Root, "conformance", "Autobahn", "accepted.json");
        return JsonSerializer.Deserialize<AcceptedOutcomes>(File.ReadAllText(path), JsonSerializerOptions.Web)!;
    }

    public bool Accepts(string end, string caseId, string behavior) => behavior switch
    {
        "OK" => true,
        "INFORMATIONAL" => Informational.Contains(caseId, StringComparer.Ordinal),
        "NON-STRICT" => NonStrict[end].TryGetValue(caseId, out string? reason) && reason.Length > 0,
        _ => false,
    };
}
