namespace Engine.TypeScript.Generator;

/// <summary>A type of the contract, as it is declared.</summary>
/// <param name="Id">Its full name, which no other type has.</param>
/// <param name="Name">Its name in other languages.</param>
/// <param name="Kind">object, enum or union.</param>
/// <param name="CSharp">Its full name as C# writes it, without parameters.</param>
/// <param name="Documentation">What its comment says.</param>
/// <param name="Message">The value of the member "type" of a message; null for what is none.</param>
/// <param name="Parameters">The names of its type parameters.</param>
/// <param name="Members">Of an object: its members in the order in which they are written.</param>
/// <param name="Values">Of an enum: its values.</param>
/// <param name="Discriminator">Of a union: the member that tells its cases apart.</param>
/// <param name="Cases">Of a union: its cases.</param>
internal sealed record TypeModel(
    string Id,
    string Name,
    string Kind,
    string CSharp,
    string Documentation,
    string? Message,
    EquatableArray<string> Parameters,
    EquatableArray<MemberModel> Members,
    EquatableArray<ValueModel> Values,
    string Discriminator,
    EquatableArray<CaseModel> Cases)
{
    public const string Object = "object";
    public const string Enum = "enum";
    public const string Union = "union";
}

/// <summary>A member of an object.</summary>
/// <param name="Name">Its name in JSON.</param>
/// <param name="ClrName">Its property.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsOptional">Whether JSON may lack it.</param>
/// <param name="OmitsNull">Whether null is told by leaving it out.</param>
/// <param name="Parameter">Its place among the constructor's parameters; -1 for none.</param>
/// <param name="IsAssigned">Whether it is set after construction, because it has a value of its own before.</param>
/// <param name="Default">The value, in C#, where JSON lacks it.</param>
/// <param name="Documentation">What its comment says.</param>
internal sealed record MemberModel(string Name, string ClrName, TypeUse Type, bool IsOptional, bool OmitsNull, int Parameter, bool IsAssigned, string Default, string Documentation);

/// <summary>A value of an enum.</summary>
/// <param name="Name">Its name in JSON.</param>
/// <param name="ClrName">Its name in C#.</param>
/// <param name="Documentation">What its comment says.</param>
internal sealed record ValueModel(string Name, string ClrName, string Documentation);

/// <summary>A case of a union.</summary>
/// <param name="Tag">The value of the discriminator.</param>
/// <param name="Type">The type.</param>
internal sealed record CaseModel(string Tag, TypeUse Type);
