using System.Globalization;
using System.Text;

namespace Engine.TypeScript.Generator;

/// <summary>Writes the contract as JSON, which is put into the assembly for the tool. A generator has no JSON library at hand.</summary>
internal sealed class ContractText
{
    private readonly StringBuilder _text = new();
    private bool _isFirst = true;

    public static string Of(IReadOnlyCollection<TypeModel> types, IReadOnlyCollection<HandlerModel> handlers)
    {
        var writer = new ContractText();
        writer.Open('{').Number("version", 1);
        writer.Items("types", types, writer.Write);
        writer.Items("handlers", handlers, writer.Write);
        return writer.Close('}')._text.ToString();
    }

    private void Write(TypeModel type)
    {
        Open('{').Text("id", type.Id).Text("name", type.Name).Text("kind", type.Kind).Text("documentation", type.Documentation);
        if (type.Message is { } message)
        {
            Text("message", message);
        }

        Items("parameters", type.Parameters, Value);
        Items("members", type.Members, member =>
        {
            Open('{').Text("name", member.Name).Flag("optional", member.IsOptional).Text("documentation", member.Documentation).Name("type");
            Write(member.OmitsNull ? member.Type with { IsNullable = false } : member.Type);
            Close('}');
        });
        Items("values", type.Values, value => Open('{').Text("name", value.Name).Text("documentation", value.Documentation).Close('}'));
        Text("discriminator", type.Discriminator);
        Items("cases", type.Cases, one =>
        {
            Open('{').Text("tag", one.Tag).Name("type");
            Write(one.Type);
            Close('}');
        });
        Close('}');
    }

    private void Write(TypeUse use)
    {
        Open('{').Text("kind", use.Kind).Text("name", use.Name).Flag("nullable", use.IsNullable);
        Items("arguments", use.Arguments, Write);
        Close('}');
    }

    private void Write(HandlerModel handler)
    {
        Open('{').Text("name", handler.Name).Text("documentation", handler.Documentation);
        if (handler.Address is { } address)
        {
            Text("address", address);
        }

        Items("receives", handler.Methods, method => Value(method.Type.Name));
        Items("sends", handler.Sends, Value);
        Close('}');
    }

    private void Items<T>(string name, IReadOnlyCollection<T> items, Action<T> write)
    {
        Name(name).Open('[');
        foreach (T item in items)
        {
            write(item);
        }

        Close(']');
    }

    private ContractText Open(char bracket)
    {
        Comma();
        _text.Append(bracket);
        _isFirst = true;
        return this;
    }

    private ContractText Close(char bracket)
    {
        _text.Append(bracket);
        _isFirst = false;
        return this;
    }

    private ContractText Name(string name)
    {
        Value(name);
        _text.Append(':');
        _isFirst = true;
        return this;
    }

    private ContractText Text(string name, string value)
    {
        Name(name).Value(value);
        return this;
    }

    private ContractText Flag(string name, bool value) => Name(name).Raw(value ? "true" : "false");

    private ContractText Number(string name, int value) => Name(name).Raw(value.ToString(CultureInfo.InvariantCulture));

    private ContractText Raw(string value)
    {
        Comma();
        _text.Append(value);
        return this;
    }

    private void Value(string value)
    {
        Comma();
        _text.Append('"');
        foreach (char letter in value)
        {
            _text.Append(letter is '"' or '\\' ? $"\\{letter}" : letter < ' ' || char.IsSurrogate(letter) ? $"\\u{(int)letter:x4}" : letter.ToString());
        }

        _text.Append('"');
    }

    private void Comma()
    {
        if (!_isFirst)
        {
            _text.Append(',');
        }

        _isFirst = false;
    }
}
