namespace Engine.TypeScript.Generator;

/// <summary>A type where it is used: of a member, an item, an argument.</summary>
/// <param name="Kind">boolean, string, number and so on; list and map; named for a type of the contract; parameter for one that a generic type leaves open.</param>
/// <param name="Name">Which number, the form of the list, the identity of the named type, the name of the parameter.</param>
/// <param name="CSharp">The type as C# writes it, without its arguments.</param>
/// <param name="Arguments">The items' type; the key's and the value's; those of a generic type.</param>
/// <param name="IsNullable">Whether it may be null.</param>
internal sealed record TypeUse(string Kind, string Name, string CSharp, EquatableArray<TypeUse> Arguments, bool IsNullable)
{
    public const string Named = "named";
    public const string List = "list";
    public const string Map = "map";
    public const string Parameter = "parameter";
    public const string Array = "array";

    /// <summary>The type as C# writes it, without the mark of null.</summary>
    public string Core => Kind == List && Name == Array ? $"{Arguments[0].Text}[]" : Arguments.Count == 0 ? CSharp : $"{CSharp}<{string.Join(", ", Arguments.Select(static one => one.Text))}>";

    /// <summary>The type as C# writes it.</summary>
    public string Text => IsNullable ? Core + "?" : Core;

    /// <summary>The type with the parameters of a generic type replaced.</summary>
    public TypeUse Close(IReadOnlyDictionary<string, TypeUse> arguments) => Kind == Parameter && arguments.TryGetValue(Name, out TypeUse? argument)
        ? argument with { IsNullable = argument.IsNullable || IsNullable }
        : Arguments.Count == 0 ? this : this with { Arguments = EquatableArray<TypeUse>.Of(Arguments.Select(one => one.Close(arguments))) };
}
