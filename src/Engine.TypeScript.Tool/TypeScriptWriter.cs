using System.Globalization;
using System.Text;

namespace Engine.TypeScript.Tool;

/// <summary>Writes a contract as one file of TypeScript that imports nothing.</summary>
internal sealed class TypeScriptWriter
{
    private readonly ContractDocument _contract;
    private readonly ToolOptions _options;
    private readonly TypeScriptConversions _conversions;
    private readonly StringBuilder _text = new();

    private TypeScriptWriter(ContractDocument contract, ToolOptions options)
    {
        _contract = contract;
        _options = options;
        _conversions = new TypeScriptConversions(contract, options, Name);
    }

    public static string Write(ContractDocument contract, ToolOptions options) => new TypeScriptWriter(contract, options).Write();

    private string Write()
    {
        Line($"// Written by engine-typescript from {Path.GetFileName(_options.Assembly)}: change the C#, not this file.");
        foreach (ContractType type in _contract.Types)
        {
            Line();
            Comment(type.Documentation, "");
            switch (type.Kind)
            {
                case "enum":
                    Enum(type);
                    break;
                case "union":
                    Union(type);
                    break;
                default:
                    Object(type);
                    break;
            }
        }

        foreach (ContractHandler handler in _contract.Handlers)
        {
            Line();
            Comment($"What {handler.Name} receives. {handler.Documentation}".TrimEnd(), "");
            Line($"export type {handler.Name}ToServer = {Alternatives(handler.Receives)};");
            Line();
            Comment($"What {handler.Name} sends. {handler.Documentation}".TrimEnd(), "");
            Line($"export type {handler.Name}ToClient = {Alternatives(handler.Sends)};");
        }

        Codecs();
        _conversions.Write(_text);
        return _text.ToString();
    }

    private void Object(ContractType type)
    {
        string parameters = type.Parameters.Count > 0 ? $"<{string.Join(", ", type.Parameters)}>" : "";
        Line($"export interface {type.Name}{parameters} {{");
        if (type.Message is { } message)
        {
            Line($"  type: {Literal(message)};");
        }

        foreach (ContractMember member in type.Members)
        {
            Comment(member.Documentation, "  ");
            Line($"  {Key(member.Name)}{(member.Optional ? "?" : "")}: {Name(member.Type)};");
        }

        Line("}");
    }

    private void Enum(ContractType type)
    {
        if (type.Values.Count == 0)
        {
            Line($"export type {type.Name} = never;");
            return;
        }

        Line($"export type {type.Name} =");
        for (int i = 0; i < type.Values.Count; i++)
        {
            Comment(type.Values[i].Documentation, "  ");
            Line($"  | {Literal(type.Values[i].Name)}{(i + 1 == type.Values.Count ? ";" : "")}");
        }
    }

    private void Union(ContractType type)
    {
        Line($"export type {type.Name} =");
        for (int i = 0; i < type.Cases.Count; i++)
        {
            Line($"  | ({{ {Key(type.Discriminator)}: {Literal(type.Cases[i].Tag)} }} & {Name(type.Cases[i].Type)}){(i + 1 == type.Cases.Count ? ";" : "")}");
        }
    }

    /// <summary>From text to a value and back, for each handler and each type that goes by itself.</summary>
    private void Codecs()
    {
        foreach (ContractHandler handler in _contract.Handlers)
        {
            Codec($"{handler.Name}ToServer", handler.Receives, writes: true);
            Codec($"{handler.Name}ToClient", handler.Sends, writes: false);
        }

        HashSet<string> handled = [.. _contract.Handlers.SelectMany(static handler => handler.Receives.Concat(handler.Sends))];
        foreach (ContractType type in _contract.Types.Where(type => type is { Kind: not "enum", Parameters.Count: 0 } && !handled.Contains(type.Id)))
        {
            var use = new ContractUse("named", type.Id, Nullable: false, []);
            Line();
            Line($"/** Writes {type.Name} as JSON. */");
            Line($"export function encode{type.Name}(value: {type.Name}): string {{");
            Line($"  return JSON.stringify({_conversions.Convert(use, "value", isRead: false) ?? "value"});");
            Line("}");
            Line();
            Line($"/** Reads {type.Name} from JSON that the server wrote. */");
            Line($"export function decode{type.Name}(text: string): {type.Name} {{");
            Line($"  const value = JSON.parse(text);");
            Line($"  return {_conversions.Convert(use, "value", isRead: true) ?? "value"};");
            Line("}");
        }
    }

    private void Codec(string name, IReadOnlyList<string> messages, bool writes)
    {
        if (messages.Count == 0)
        {
            return;
        }

        Line();
        Line(writes ? "/** Writes a message as JSON. */" : "/** Reads a message from JSON that the server wrote. */");
        Line(writes ? $"export function encode{name}(message: {name}): string {{" : $"export function decode{name}(text: string): {name} {{");
        if (!writes)
        {
            Line("  const message = JSON.parse(text);");
        }

        string Result(string value) => writes ? $"JSON.stringify({value})" : value;
        (ContractType Type, string? Converted)[] converted =
        [
            .. messages.Select(id => (_contract.Find(id), _conversions.Convert(new ContractUse("named", id, Nullable: false, []), "message", isRead: !writes))).Where(static one => one.Item2 is not null),
        ];
        if (converted.Length > 0)
        {
            Line("  switch (message.type) {");
            foreach ((ContractType type, string? value) in converted)
            {
                Line($"    case {Literal(type.Message!)}:");
                Line($"      return {Result(value!)};");
            }

            Line("    default:");
            Line($"      return {Result("message")};");
            Line("  }");
        }
        else
        {
            Line($"  return {Result("message")};");
        }

        Line("}");
    }

    private string Alternatives(IReadOnlyList<string> messages) => messages.Count == 0 ? "never" : string.Join(" | ", messages.Select(id => _contract.Find(id).Name));

    /// <summary>A type where it is used.</summary>
    private string Name(ContractUse use)
    {
        string name = use.Kind switch
        {
            "boolean" => "boolean",
            "number" => "number",
            "long" when _options.IsBigInt => "bigint",
            "dateTime" or "dateTimeOffset" when _options.IsDate => "Date",
            "json" => "unknown",
            "list" => Item(use.Arguments[0]) + "[]",
            "map" => Map(use),
            "named" => _contract.Find(use.Name).Name + (use.Arguments.Count > 0 ? $"<{string.Join(", ", use.Arguments.Select(Name))}>" : ""),
            "parameter" => use.Name,
            _ => "string",
        };
        return use.Nullable ? $"{name} | null" : name;
    }

    private string Item(ContractUse item) => item.Nullable ? $"({Name(item)})" : Name(item);

    private string Map(ContractUse use)
    {
        // A dictionary by an enum need not have every value of it.
        ContractUse key = use.Arguments[0];
        return key.Kind == "named" ? $"Partial<Record<{Name(key)}, {Name(use.Arguments[1])}>>" : $"Record<{(key.Kind == "number" ? "number" : "string")}, {Name(use.Arguments[1])}>";
    }

    private void Comment(string text, string indent)
    {
        if (text.Length > 0)
        {
            Line($"{indent}/** {text.Replace("*/", "*\\/", StringComparison.Ordinal)} */");
        }
    }

    private void Line(string line = "") => _text.Append(line).Append('\n');

    /// <summary>A member's name: quoted where it is no identifier.</summary>
    internal static string Key(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '$') ? name : Literal(name);

    /// <summary>A string as TypeScript writes it.</summary>
    internal static string Literal(string value)
    {
        var text = new StringBuilder("\"");
        foreach (char letter in value)
        {
            text.Append(letter is '"' or '\\' ? $"\\{letter}" : letter is < ' ' or '\u2028' or '\u2029' ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}") : letter.ToString());
        }

        return text.Append('"').ToString();
    }
}
