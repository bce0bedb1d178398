using Microsoft.CodeAnalysis;

namespace Engine.TypeScript.Generator;

/// <summary>Reads the types that can be reached from one symbol into models, which hold no symbol.</summary>
internal sealed partial class SymbolReader
{
    private const string Attributes = "Engine.TypeScript.";
    private const string Json = "System.Text.Json.Serialization.";

    private static readonly Dictionary<string, string> Known = new()
    {
        ["System.Guid"] = "guid",
        ["System.Uri"] = "uri",
        ["System.DateTime"] = "dateTime",
        ["System.DateTimeOffset"] = "dateTimeOffset",
        ["System.DateOnly"] = "date",
        ["System.TimeOnly"] = "time",
        ["System.TimeSpan"] = "duration",
        ["System.Text.Json.JsonElement"] = "json",
    };

    private static readonly HashSet<string> Lists =
    [
        "System.Collections.Generic.List<T>", "System.Collections.Generic.IList<T>", "System.Collections.Generic.ICollection<T>", "System.Collections.Generic.IEnumerable<T>",
        "System.Collections.Generic.IReadOnlyList<T>", "System.Collections.Generic.IReadOnlyCollection<T>",
    ];

    private static readonly HashSet<string> Maps =
    [
        "System.Collections.Generic.Dictionary<TKey, TValue>", "System.Collections.Generic.IDictionary<TKey, TValue>", "System.Collections.Generic.IReadOnlyDictionary<TKey, TValue>",
    ];

    private static readonly HashSet<string> Keys = ["string", "guid", "int32", "int64", "uint64"];

    private readonly Dictionary<string, TypeModel?> _types = [];
    private readonly List<Problem> _problems = [];

    /// <summary>Reads a message, or another type of the contract.</summary>
    public static RootModel ReadType(INamedTypeSymbol type)
    {
        var reader = new SymbolReader();
        if (type.IsGenericType)
        {
            if (MessageOf(type) is not null)
            {
                reader.Report(Rules.Unsupported, type, $"the generic message '{type.Name}'");
            }

            reader.Declare(type);
            return reader.Result([], null);
        }

        return reader.Result(reader.Use(type, type) is { } use ? [use] : [], null);
    }

    /// <summary>Reads a handler, its messages and what can be reached from them.</summary>
    public static RootModel ReadHandler(INamedTypeSymbol handler)
    {
        var reader = new SymbolReader();
        var uses = new List<TypeUse>();
        return reader.Result(uses, reader.Handler(handler, uses));
    }

    private RootModel Result(List<TypeUse> uses, HandlerModel? handler)
        => new(EquatableArray<TypeModel>.Of(_types.Values.OfType<TypeModel>()), EquatableArray<TypeUse>.Of(uses), handler, EquatableArray<Problem>.Of(_problems));

    private void Report(DiagnosticDescriptor rule, ISymbol where, string argument) => _problems.Add(Problem.At(rule, where, argument));

    private HandlerModel? Handler(INamedTypeSymbol handler, List<TypeUse> uses)
    {
        AttributeData attribute = Attribute(handler, Attributes + "MessageHandlerAttribute")!;
        if (handler.IsGenericType || handler.ContainingType is not null)
        {
            Report(Rules.Handler, handler, $"the handler '{handler.Name}' has to be a class of its own without type parameters");
            return null;
        }

        var methods = new List<HandlerMethod>();
        string? context = null;
        foreach (IMethodSymbol method in handler.GetMembers().OfType<IMethodSymbol>().Where(static one => one is { MethodKind: MethodKind.Ordinary, Parameters.Length: 1 or 2 }))
        {
            ITypeSymbol last = method.Parameters[method.Parameters.Length - 1].Type;
            if (MessageOf(last) is not { } message)
            {
                continue;
            }

            string? own = method.Parameters.Length == 2 ? method.Parameters[0].Type.ToDisplayString(Full) : null;
            string returns = method.ReturnsVoid ? "void" : method.ReturnType.ToDisplayString() switch
            {
                "System.Threading.Tasks.ValueTask" => "ValueTask",
                "System.Threading.Tasks.Task" => "Task",
                _ => "",
            };
            if (returns.Length == 0)
            {
                Report(Rules.Handler, method, $"the method '{method.Name}' has to return void, ValueTask or Task");
            }
            else if (methods.Any(one => one.Message == message))
            {
                Report(Rules.Handler, method, $"another method takes the message '{message}' already");
            }
            else if (methods.Count > 0 && own != context)
            {
                Report(Rules.Handler, method, $"the method '{method.Name}' has to have the same parameter before its message as the others");
            }
            else if (Use(last, method) is { } use)
            {
                context = own;
                uses.Add(use);
                methods.Add(new HandlerMethod(method.Name, message, use, returns));
            }
        }

        if (!handler.DeclaringSyntaxReferences.All(static one => one.GetSyntax() is Microsoft.CodeAnalysis.CSharp.Syntax.ClassDeclarationSyntax declared
            && declared.Modifiers.Any(static word => word.ValueText == "partial")))
        {
            Report(Rules.Handler, handler, $"the handler '{handler.Name}' has to be partial");
            return null;
        }

        var sends = new List<string>();
        foreach (INamedTypeSymbol sent in Named(attribute, "Sends")?.Values.Select(static one => one.Value).OfType<INamedTypeSymbol>() ?? [])
        {
            if (MessageOf(sent) is null)
            {
                Report(Rules.Handler, handler, $"'{sent.Name}' has to be a message to be sent");
            }
            else if (Use(sent, handler) is { } use)
            {
                uses.Add(use);
                sends.Add(use.Name);
            }
        }

        string space = handler.ContainingNamespace.IsGlobalNamespace ? "" : handler.ContainingNamespace.ToDisplayString();
        return new HandlerModel(
            handler.Name, space, Comments.Summary(handler), Named(attribute, "Address")?.Value as string, context, EquatableArray<HandlerMethod>.Of(methods), EquatableArray<string>.Of(sends));
    }

    /// <summary>A type where it is used; null, and reported, for one that has no place in a contract.</summary>
    private TypeUse? Use(ITypeSymbol type, ISymbol where)
    {
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
        {
            return Use(nullable.TypeArguments[0], where) is { } inner ? inner with { IsNullable = true } : null;
        }

        bool isNullable = type.NullableAnnotation == NullableAnnotation.Annotated;
        string core = type.WithNullableAnnotation(NullableAnnotation.NotAnnotated).ToDisplayString(Full);
        TypeUse Simple(string kind, string name) => new(kind, name, core, EquatableArray<TypeUse>.Empty, isNullable);
        switch (type.SpecialType)
        {
            case SpecialType.System_Boolean: return Simple("boolean", "");
            case SpecialType.System_String: return Simple("string", "");
            case SpecialType.System_Char: return Simple("char", "");
            case SpecialType.System_Byte: return Simple("number", "uint8");
            case SpecialType.System_SByte: return Simple("number", "int8");
            case SpecialType.System_Int16: return Simple("number", "int16");
            case SpecialType.System_UInt16: return Simple("number", "uint16");
            case SpecialType.System_Int32: return Simple("number", "int32");
            case SpecialType.System_UInt32: return Simple("number", "uint32");
            case SpecialType.System_Int64: return Simple("long", "int64");
            case SpecialType.System_UInt64: return Simple("long", "uint64");
            case SpecialType.System_Single: return Simple("number", "single");
            case SpecialType.System_Double: return Simple("number", "double");
            case SpecialType.System_Decimal: return Simple("decimal", "");
        }

        if (type is ITypeParameterSymbol)
        {
            return new TypeUse(TypeUse.Parameter, type.Name, type.Name, EquatableArray<TypeUse>.Empty, isNullable);
        }

        if (type is IArrayTypeSymbol { Rank: 1 } array)
        {
            return array.ElementType.SpecialType == SpecialType.System_Byte
                ? new TypeUse("bytes", "", "byte[]", EquatableArray<TypeUse>.Empty, isNullable)
                : Use(array.ElementType, where) is { } item ? new TypeUse(TypeUse.List, TypeUse.Array, "", EquatableArray<TypeUse>.Of([item]), isNullable) : null;
        }

        if (type is not INamedTypeSymbol named)
        {
            Report(Rules.Unsupported, where, $"the type '{type.ToDisplayString()}'");
            return null;
        }

        string definition = named.OriginalDefinition.ToDisplayString();
        if (Known.TryGetValue(definition, out string? kind))
        {
            return Simple(kind, "");
        }

        bool isList = Lists.Contains(definition), isMap = Maps.Contains(definition);
        if (!isList && !isMap && !IsOwn(named))
        {
            Report(Rules.Unsupported, where, $"the type '{type.ToDisplayString()}'");
            return null;
        }

        TypeUse?[] arguments = [.. named.TypeArguments.Select(argument => Use(argument, where))];
        if (arguments.Contains(null))
        {
            return null;
        }

        string open = core.IndexOf('<') is >= 0 and int at ? core.Substring(0, at) : core;
        var closed = EquatableArray<TypeUse>.Of(arguments!);
        if (isList)
        {
            return new TypeUse(TypeUse.List, "", open, closed, isNullable);
        }

        if (isMap)
        {
            if (!Keys.Contains(closed[0].Kind) && !Keys.Contains(closed[0].Name) && named.TypeArguments[0].TypeKind != TypeKind.Enum)
            {
                Report(Rules.Unsupported, where, $"a dictionary whose keys are '{named.TypeArguments[0].ToDisplayString()}'");
                return null;
            }

            return new TypeUse(TypeUse.Map, "", open, closed, isNullable);
        }

        Declare(named.OriginalDefinition);
        return new TypeUse(TypeUse.Named, Identity(named), open, closed, isNullable);
    }
}
