using System.Text.Json.Serialization;

namespace Engine.TypeScript.Tool;

/// <summary>The contract as the generator wrote it.</summary>
internal sealed record ContractDocument(int Version, IReadOnlyList<ContractType> Types, IReadOnlyList<ContractHandler> Handlers)
{
    /// <summary>The version of the format that this tool reads.</summary>
    public const int KnownVersion = 1;

    private Dictionary<string, ContractType>? _byId;

    /// <summary>Finds a type by its identity.</summary>
    public ContractType Find(string id) => (_byId ??= Types.ToDictionary(static type => type.Id))[id];
}

/// <summary>A type of the contract.</summary>
internal sealed record ContractType(
    string Id,
    string Name,
    string Kind,
    string Documentation,
    string? Message,
    IReadOnlyList<string> Parameters,
    IReadOnlyList<ContractMember> Members,
    IReadOnlyList<ContractValue> Values,
    string Discriminator,
    IReadOnlyList<ContractCase> Cases);

/// <summary>A member of an object.</summary>
internal sealed record ContractMember(string Name, bool Optional, string Documentation, ContractUse Type);

/// <summary>A value of an enum.</summary>
internal sealed record ContractValue(string Name, string Documentation);

/// <summary>A case of a union.</summary>
internal sealed record ContractCase(string Tag, ContractUse Type);

/// <summary>A type where it is used.</summary>
internal sealed record ContractUse(string Kind, string Name, bool Nullable, IReadOnlyList<ContractUse> Arguments);

/// <summary>A handler: what it receives and what it sends, by identity.</summary>
internal sealed record ContractHandler(string Name, string Documentation, string? Address, IReadOnlyList<string> Receives, IReadOnlyList<string> Sends);

/// <summary>Reads the contract without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ContractDocument))]
internal sealed partial class ContractDocumentJson : JsonSerializerContext;
