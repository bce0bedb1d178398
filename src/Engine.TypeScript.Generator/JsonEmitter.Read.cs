namespace Engine.TypeScript.Generator;

/// <summary>The readers' bodies.</summary>
internal sealed partial class JsonEmitter
{
    private void ReadList(TypeUse use)
    {
        string item = use.Arguments[0].Text;
        _code.Line($"{Values}.BeginArray(ref reader);").Line($"var items = new global::System.Collections.Generic.List<{item}>();");
        _code.Line($"while ({Values}.NextItem(ref reader))").Line("{").Line($"items.Add({Read(use.Arguments[0])});").Line("}").Line();
        _code.Line(use.Name == TypeUse.Array ? "return items.ToArray();" : "return items;");
    }

    private void ReadMap(TypeUse use)
    {
        TypeUse key = use.Arguments[0];
        _code.Line($"{Values}.BeginObject(ref reader);").Line($"var items = new global::System.Collections.Generic.Dictionary<{key.Text}, {use.Arguments[1].Text}>();");
        _code.Line($"while ({Values}.NextMember(ref reader))").Line("{");
        _code.Line($"{key.Text} key = " + key.Kind switch
        {
            "string" => "reader.GetString()!;",
            TypeUse.Named => $"Read{Name(key)}(ref reader);",
            "guid" => $"{Values}.ParseGuid(reader.GetString()!);",
            _ => $"{Values}.Parse{char.ToUpperInvariant(key.Name[0])}{key.Name.Substring(1).Replace("int", "Int")}(reader.GetString()!);",
        });
        _code.Line("reader.Read();").Line($"items[key] = {Read(use.Arguments[1])};").Line("}").Line().Line("return items;");
    }

    /// <summary>Also reads the name of a member, where the enum is the key of a dictionary.</summary>
    private void ReadEnum(TypeModel type)
    {
        _code.Line($"if (reader.TokenType is {Json}JsonTokenType.String or {Json}JsonTokenType.PropertyName)").Line("{");
        foreach (ValueModel value in type.Values)
        {
            _code.Line($"if (reader.ValueTextEquals({Utf8(value.Name)}))").Line("{").Line($"return {type.CSharp}.{value.ClrName};").Line("}").Line();
        }

        _code.Line("}").Line().Line($"throw {Values}.Unknown({CodeText.Literal(type.Name)});");
    }

    private void ReadUnion(TypeModel type)
    {
        _code.Line($"if ({Values}.TryFindDiscriminator(reader, {Utf8(type.Discriminator)}, out {Reader} tag))").Line("{");
        foreach (CaseModel one in type.Cases)
        {
            _code.Line($"if (tag.ValueTextEquals({Utf8(one.Tag)}))").Line("{").Line($"return Read{Name(one.Type)}(ref reader);").Line("}").Line();
        }

        _code.Line("}").Line().Line($"throw {Values}.Unknown({CodeText.Literal(type.Name)});");
    }

    private void ReadObject(TypeModel type, TypeUse use, Dictionary<string, TypeUse> arguments)
    {
        _code.Line($"{Values}.BeginObject(ref reader);");
        MemberModel[] members = [.. type.Members];
        TypeUse[] uses = [.. members.Select(member => member.Type.Close(arguments))];
        for (int i = 0; i < members.Length; i++)
        {
            _code.Line($"{uses[i].Text} value{i} = {members[i].Default};");
            if (IsAskedFor(members[i]))
            {
                _code.Line($"bool has{i} = false;");
            }
        }

        if (type.Message is not null)
        {
            _code.Line("bool hasType = false;");
        }

        _code.Line($"while ({Values}.NextMember(ref reader))").Line("{");
        if (type.Message is { } message)
        {
            _code.Line("if (reader.ValueTextEquals(\"type\"u8))").Line("{").Line("reader.Read();");
            _code.Line($"hasType = reader.TokenType == {Json}JsonTokenType.String && reader.ValueTextEquals({Utf8(message)});").Line($"{Values}.Skip(ref reader);").Line("continue;").Line("}").Line();
        }

        for (int i = 0; i < members.Length; i++)
        {
            _code.Line($"if (reader.ValueTextEquals({Utf8(members[i].Name)}))").Line("{").Line("reader.Read();");
            _code.Line($"value{i} = {Read(uses[i])};");
            if (IsAskedFor(members[i]))
            {
                _code.Line($"has{i} = true;");
            }

            _code.Line("continue;").Line("}").Line();
        }

        _code.Line("reader.Read();").Line($"{Values}.Skip(ref reader);").Line("}").Line();
        if (type.Message is not null)
        {
            Need(type, "hasType", "type");
        }

        for (int i = 0; i < members.Length; i++)
        {
            if (!members[i].IsOptional)
            {
                Need(type, $"has{i}", members[i].Name);
            }
        }

        string parameters = string.Join(", ", members.Select(static (member, index) => (member, index)).Where(static one => one.member.Parameter >= 0).Select(static one => $"value{one.index}"));
        string set = string.Join(", ", members.Select(static (member, index) => (member, index))
            .Where(static one => one.member is { Parameter: < 0, IsAssigned: false }).Select(static one => $"{one.member.ClrName} = value{one.index}"));
        _code.Line($"var made = new {use.Core}({parameters}){(set.Length > 0 ? $" {{ {set} }}" : "")};");
        for (int i = 0; i < members.Length; i++)
        {
            if (members[i].IsAssigned)
            {
                _code.Line($"if (has{i})").Line("{").Line($"made.{members[i].ClrName} = value{i};").Line("}").Line();
            }
        }

        _code.Line("return made;");
    }

    /// <summary>Whether it matters that JSON had it, and not only what it was.</summary>
    private static bool IsAskedFor(MemberModel member) => !member.IsOptional || member.IsAssigned;

    private void Need(TypeModel type, string flag, string member)
        => _code.Line($"if (!{flag})").Line("{").Line($"throw {Values}.Missing({CodeText.Literal(type.Name)}, {CodeText.Literal(member)});").Line("}").Line();

    /// <summary>The expression that reads a value where the reader stands.</summary>
    private string Read(TypeUse use)
    {
        string read = use.Kind switch
        {
            "boolean" => $"{Values}.ReadBoolean(ref reader)",
            "string" => $"{Values}.ReadString(ref reader)",
            "char" => $"{Values}.ReadChar(ref reader)",
            "number" or "long" => $"{Values}.Read{Clr(use.Name)}(ref reader)",
            "decimal" => $"{Values}.ReadDecimal(ref reader)",
            "guid" => $"{Values}.ReadGuid(ref reader)",
            "uri" => $"{Values}.ReadUri(ref reader)",
            "dateTime" => $"{Values}.ReadDateTime(ref reader)",
            "dateTimeOffset" => $"{Values}.ReadDateTimeOffset(ref reader)",
            "date" => $"{Values}.ReadDateOnly(ref reader)",
            "time" => $"{Values}.ReadTimeOnly(ref reader)",
            "duration" => $"{Values}.ReadTimeSpan(ref reader)",
            "bytes" => $"{Values}.ReadBytes(ref reader)",
            "json" => $"{Values}.ReadJson(ref reader)",
            _ => $"Read{Name(use)}(ref reader)",
        };
        return use.IsNullable ? $"reader.TokenType == {Json}JsonTokenType.Null ? ({use.Text})null : {read}" : read;
    }

    private static string Clr(string number) => number switch
    {
        "uint8" => "Byte",
        "int8" => "SByte",
        _ => char.ToUpperInvariant(number[0]) + number.Substring(1).Replace("int", "Int"),
    };
}
