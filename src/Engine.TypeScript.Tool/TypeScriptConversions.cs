using System.Text;

namespace Engine.TypeScript.Tool;

/// <summary>
/// Functions between what JSON has and what TypeScript has, for the types that hold a bigint or a Date somewhere. Without those options there are none:
/// the types are what JSON.parse returns.
/// </summary>
internal sealed class TypeScriptConversions(ContractDocument contract, ToolOptions options, Func<ContractUse, string> name)
{
    private readonly HashSet<string> _converted = Converted(contract, options);

    /// <summary>The expression that converts a value; null where it stays as it is.</summary>
    /// <param name="use">The value's type.</param>
    /// <param name="value">The value, an expression without an operator.</param>
    /// <param name="isRead">From JSON; else to it.</param>
    public string? Convert(ContractUse use, string value, bool isRead)
    {
        string? converted = use.Kind switch
        {
            "long" when options.IsBigInt => isRead ? $"BigInt({value})" : $"{value}.toString()",
            "dateTime" or "dateTimeOffset" when options.IsDate => isRead ? $"new Date({value})" : $"{value}.toISOString()",
            "list" => Lambda(use.Arguments[0], isRead) is { } item ? $"{value}.map({item})" : null,
            "map" => Convert(use.Arguments[1], "item", isRead) is { } item
                ? $"Object.fromEntries(Object.entries({value}).map(([key, item]: [string, any]) => [key, {item}]))"
                : null,
            "parameter" when _converted.Count > 0 => $"convert{use.Name}({value})",
            "named" when _converted.Contains(use.Name) => $"{Function(use.Name, isRead)}({string.Join(", ", [value, .. use.Arguments.Select(argument => Lambda(argument, isRead) ?? "(item: any) => item")])})",
            _ => null,
        };
        return converted is null || !use.Nullable ? converted : $"({value} === null ? null : {converted})";
    }

    /// <summary>Writes the functions.</summary>
    public void Write(StringBuilder text)
    {
        foreach (ContractType type in contract.Types.Where(type => _converted.Contains(type.Id)))
        {
            foreach (bool isRead in (bool[])[true, false])
            {
                string generic = type.Parameters.Count > 0 ? $"<{string.Join(", ", type.Parameters)}>" : "";
                string parameters = string.Concat(type.Parameters.Select(one => $", convert{one}: (item: any) => any"));
                string own = type.Name + generic;
                text.Append('\n').Append(isRead
                    ? $"function {Function(type.Id, isRead)}{generic}(value: any{parameters}): {own} {{\n"
                    : $"function {Function(type.Id, isRead)}{generic}(value: {own}{parameters}): unknown {{\n");
                if (type.Kind == "union")
                {
                    Union(text, type, isRead);
                }
                else
                {
                    Object(text, type, isRead);
                }

                text.Append("}\n");
            }
        }
    }

    private void Object(StringBuilder text, ContractType type, bool isRead)
    {
        text.Append("  return {\n    ...value,\n");
        foreach (ContractMember member in type.Members)
        {
            string place = TypeScriptWriter.Key(member.Name) == member.Name ? $"value.{member.Name}" : $"value[{TypeScriptWriter.Literal(member.Name)}]";
            if (Convert(member.Type, place, isRead) is { } converted)
            {
                string key = TypeScriptWriter.Key(member.Name);
                text.Append(member.Optional ? $"    ...({place} === undefined ? {{}} : {{ {key}: {converted} }}),\n" : $"    {key}: {converted},\n");
            }
        }

        text.Append("  };\n");
    }

    private void Union(StringBuilder text, ContractType type, bool isRead)
    {
        string discriminator = TypeScriptWriter.Literal(type.Discriminator);
        text.Append($"  switch (value[{discriminator}]) {{\n");
        foreach (ContractCase one in type.Cases)
        {
            if (Convert(one.Type, "value", isRead) is { } converted)
            {
                string tag = TypeScriptWriter.Literal(one.Tag);
                text.Append($"    case {tag}:\n      return {{ ...({converted} as {(isRead ? name(one.Type) : "object")}), [{discriminator}]: {tag} }};\n");
            }
        }

        text.Append("    default:\n      return value;\n  }\n");
    }

    private string? Lambda(ContractUse item, bool isRead) => Convert(item, "item", isRead) is { } converted ? $"(item: any) => {converted}" : null;

    private string Function(string id, bool isRead) => (isRead ? "read" : "write") + contract.Find(id).Name;

    /// <summary>The types that hold something to convert, at any depth; generic ones hold what their arguments are.</summary>
    private static HashSet<string> Converted(ContractDocument contract, ToolOptions options)
    {
        HashSet<string> found = [];
        if (!options.IsBigInt && !options.IsDate)
        {
            return found;
        }

        bool Needs(ContractUse use) => use.Kind switch
        {
            "long" => options.IsBigInt,
            "dateTime" or "dateTimeOffset" => options.IsDate,
            "parameter" => true,
            "named" => found.Contains(use.Name) || use.Arguments.Any(Needs),
            "map" => Needs(use.Arguments[1]),
            _ => use.Arguments.Any(Needs),
        };

        for (int before = -1; before != found.Count;)
        {
            before = found.Count;
            found.UnionWith(contract.Types.Where(type => type.Members.Any(member => Needs(member.Type)) || type.Cases.Any(one => Needs(one.Type))).Select(static type => type.Id));
        }

        return found;
    }
}
