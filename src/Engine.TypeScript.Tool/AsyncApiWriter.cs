using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Engine.TypeScript.Tool;

/// <summary>Writes a contract as an AsyncAPI 3.1 document: a channel for each handler, a schema for each type.</summary>
internal sealed class AsyncApiWriter : IDisposable
{
    private readonly ContractDocument _contract;
    private readonly MemoryStream _bytes = new();
    private readonly Utf8JsonWriter _json;
    private readonly SortedDictionary<string, ContractUse> _schemas = new(StringComparer.Ordinal);

    private AsyncApiWriter(ContractDocument contract)
    {
        _contract = contract;
        _json = new Utf8JsonWriter(_bytes, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    public static string Write(ContractDocument contract, string title)
    {
        using var writer = new AsyncApiWriter(contract);
        writer.Document(title);
        writer._json.Flush();
        return Encoding.UTF8.GetString(writer._bytes.GetBuffer(), 0, (int)writer._bytes.Length) + "\n";
    }

    public void Dispose()
    {
        _json.Dispose();
        _bytes.Dispose();
    }

    private void Document(string title)
    {
        _json.WriteStartObject();
        _json.WriteString("asyncapi", "3.1.0");
        Object("info", () =>
        {
            _json.WriteString("title", title);
            _json.WriteString("version", "1.0.0");
        });
        _json.WriteString("defaultContentType", "application/json");
        Object("channels", () =>
        {
            foreach (ContractHandler handler in _contract.Handlers)
            {
                Object(handler.Name, () => Channel(handler));
            }
        });
        Object("operations", () =>
        {
            foreach (ContractHandler handler in _contract.Handlers)
            {
                Operation(handler, "receive", "Receives", handler.Receives);
                Operation(handler, "send", "Sends", handler.Sends);
            }
        });
        Object("components", Components);
        _json.WriteEndObject();
    }

    private void Channel(ContractHandler handler)
    {
        if (handler.Address is { } address)
        {
            _json.WriteString("address", address);
        }
        else
        {
            _json.WriteNull("address");
        }

        Description(handler.Documentation);
        Object("messages", () =>
        {
            foreach (string id in handler.Receives.Concat(handler.Sends).Distinct())
            {
                Object(_contract.Find(id).Name, () => Reference($"#/components/messages/{_contract.Find(id).Name}"));
            }
        });
    }

    private void Operation(ContractHandler handler, string action, string suffix, IReadOnlyList<string> messages)
    {
        if (messages.Count == 0)
        {
            return;
        }

        Object(handler.Name + suffix, () =>
        {
            _json.WriteString("action", action);
            Object("channel", () => Reference($"#/channels/{handler.Name}"));
            _json.WriteStartArray("messages");
            foreach (string id in messages)
            {
                _json.WriteStartObject();
                Reference($"#/channels/{handler.Name}/messages/{_contract.Find(id).Name}");
                _json.WriteEndObject();
            }

            _json.WriteEndArray();
        });
    }

    private void Components()
    {
        Object("messages", () =>
        {
            foreach (ContractType type in _contract.Types.Where(static type => type.Message is not null))
            {
                Object(type.Name, () =>
                {
                    _json.WriteString("name", type.Message);
                    Description(type.Documentation);
                    Object("payload", () => Schema(new ContractUse("named", type.Id, Nullable: false, [])));
                });
            }
        });

        foreach (ContractType type in _contract.Types.Where(static type => type.Parameters.Count == 0))
        {
            _schemas.TryAdd(type.Name, new ContractUse("named", type.Id, Nullable: false, []));
        }

        Object("schemas", () =>
        {
            // A schema may name closed generic types that were not seen before: until none is new.
            HashSet<string> written = [];
            while (_schemas.Keys.FirstOrDefault(name => !written.Contains(name)) is { } next)
            {
                written.Add(next);
                Object(next, () => Declaration(_schemas[next]));
            }
        });
    }

    private void Declaration(ContractUse use)
    {
        ContractType type = _contract.Find(use.Name);
        Description(type.Documentation);
        if (type.Kind == "enum")
        {
            _json.WriteString("type", "string");
            Strings("enum", type.Values.Select(static value => value.Name));
            return;
        }

        if (type.Kind == "union")
        {
            Alternatives("oneOf", [.. type.Cases.Select(one => (Action)(() =>
            {
                _json.WriteStartArray("allOf");
                _json.WriteStartObject();
                Schema(one.Type);
                _json.WriteEndObject();
                _json.WriteStartObject();
                Constant(type.Discriminator, one.Tag);
                _json.WriteEndObject();
                _json.WriteEndArray();
            }))]);
            return;
        }

        Dictionary<string, ContractUse> arguments = type.Parameters.Zip(use.Arguments).ToDictionary(static one => one.First, static one => one.Second);
        _json.WriteString("type", "object");
        Strings("required", [.. type.Message is null ? [] : (string[])["type"], .. type.Members.Where(static member => !member.Optional).Select(static member => member.Name)]);
        Object("properties", () =>
        {
            if (type.Message is { } message)
            {
                Object("type", () => _json.WriteString("const", message));
            }

            foreach (ContractMember member in type.Members)
            {
                Object(member.Name, () =>
                {
                    ContractUse closed = Close(member.Type, arguments);
                    Description(closed is { Kind: "named", Nullable: false } ? "" : member.Documentation);
                    Schema(closed);
                });
            }
        });
    }

    private void Schema(ContractUse use)
    {
        if (use.Nullable)
        {
            Alternatives("oneOf", [() => Schema(use with { Nullable = false }), () => _json.WriteString("type", "null")]);
            return;
        }

        switch (use.Kind)
        {
            case "boolean":
                _json.WriteString("type", "boolean");
                break;
            case "number":
                _json.WriteString("type", use.Name is "single" or "double" ? "number" : "integer");
                _json.WriteString("format", use.Name is "single" ? "float" : use.Name);
                break;
            case "long":
                String(use.Name, use.Name == "int64" ? "^-?[0-9]+$" : "^[0-9]+$");
                break;
            case "decimal":
                String("decimal", "^-?[0-9]+(\\.[0-9]+)?$");
                break;
            case "char":
                _json.WriteString("type", "string");
                _json.WriteNumber("minLength", 1);
                _json.WriteNumber("maxLength", 1);
                break;
            case "guid":
                String("uuid", null);
                break;
            case "uri":
                String("uri-reference", null);
                break;
            case "dateTime" or "dateTimeOffset":
                String("date-time", null);
                break;
            case "date" or "time":
                String(use.Kind, null);
                break;
            case "bytes":
                _json.WriteString("type", "string");
                _json.WriteString("contentEncoding", "base64");
                break;
            case "json":
                break;
            case "list":
                _json.WriteString("type", "array");
                Object("items", () => Schema(use.Arguments[0]));
                break;
            case "map":
                _json.WriteString("type", "object");
                Object("additionalProperties", () => Schema(use.Arguments[1]));
                break;
            case "named":
                string name = NameOf(use);
                _schemas.TryAdd(name, use);
                Reference($"#/components/schemas/{name}");
                break;
            default:
                _json.WriteString("type", "string");
                break;
        }
    }

    private string NameOf(ContractUse use) => use.Kind switch
    {
        "named" => _contract.Find(use.Name).Name + (use.Arguments.Count > 0 ? "Of" + string.Join("And", use.Arguments.Select(NameOf)) : ""),
        "list" or "map" => use.Kind + "Of" + string.Join("And", use.Arguments.Select(NameOf)),
        _ => use.Name.Length > 0 ? use.Name : use.Kind,
    } + (use.Nullable ? "OrNull" : "");

    private static ContractUse Close(ContractUse use, Dictionary<string, ContractUse> arguments)
        => use.Kind == "parameter" && arguments.TryGetValue(use.Name, out ContractUse? argument)
            ? argument with { Nullable = argument.Nullable || use.Nullable }
            : use with { Arguments = [.. use.Arguments.Select(one => Close(one, arguments))] };

    private void Constant(string name, string value)
    {
        _json.WriteString("type", "object");
        Strings("required", [name]);
        Object("properties", () => Object(name, () => _json.WriteString("const", value)));
    }

    private void String(string format, string? pattern)
    {
        _json.WriteString("type", "string");
        _json.WriteString("format", format);
        if (pattern is not null)
        {
            _json.WriteString("pattern", pattern);
        }
    }

    private void Alternatives(string name, Action[] alternatives)
    {
        _json.WriteStartArray(name);
        foreach (Action write in alternatives)
        {
            _json.WriteStartObject();
            write();
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void Strings(string name, IEnumerable<string> values)
    {
        _json.WriteStartArray(name);
        foreach (string value in values)
        {
            _json.WriteStringValue(value);
        }

        _json.WriteEndArray();
    }

    private void Object(string name, Action write)
    {
        _json.WriteStartObject(name);
        write();
        _json.WriteEndObject();
    }

    private void Reference(string target) => _json.WriteString("$ref", target);

    private void Description(string text)
    {
        if (text.Length > 0)
        {
            _json.WriteString("description", text);
        }
    }
}
