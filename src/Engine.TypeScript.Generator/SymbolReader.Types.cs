using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Engine.TypeScript.Generator;

/// <summary>The declared types: objects, enums and unions.</summary>
internal sealed partial class SymbolReader
{
    private static readonly SymbolDisplayFormat Full = SymbolDisplayFormat.FullyQualifiedFormat
        .WithMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.UseSpecialTypes | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    /// <summary>The value of the member "type" of a message; null for what is none.</summary>
    private static string? MessageOf(ITypeSymbol type) => Attribute(type, Attributes + "MessageAttribute")?.ConstructorArguments[0].Value as string;

    private static AttributeData? Attribute(ISymbol symbol, string name) => symbol.GetAttributes().FirstOrDefault(one => one.AttributeClass?.ToDisplayString() == name);

    private static TypedConstant? Named(AttributeData attribute, string name)
    {
        TypedConstant value = attribute.NamedArguments.FirstOrDefault(one => one.Key == name).Value;
        return value.Kind == TypedConstantKind.Error ? null : value;
    }

    private static string Identity(INamedTypeSymbol type) => type.OriginalDefinition.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat.WithGenericsOptions(SymbolDisplayGenericsOptions.None))
        + (type.TypeParameters.Length > 0 ? $"`{type.TypeParameters.Length}" : "");

    /// <summary>Whether a type is one that somebody declared for a contract, and not one of the framework.</summary>
    private static bool IsOwn(INamedTypeSymbol type) => type.TypeKind is TypeKind.Class or TypeKind.Struct or TypeKind.Enum
        && !type.IsTupleType && type.ContainingNamespace.ToDisplayString() is var space && space != "System" && !space.StartsWith("System.", StringComparison.Ordinal);

    private static string CamelCase(string name)
    {
        // As System.Text.Json does it: URLValue is urlValue.
        char[] letters = name.ToCharArray();
        for (int i = 0; i < letters.Length && char.IsUpper(letters[i]) && (i == 0 || i + 1 == letters.Length || char.IsUpper(letters[i + 1])); i++)
        {
            letters[i] = char.ToLowerInvariant(letters[i]);
        }

        return new string(letters);
    }

    private void Declare(INamedTypeSymbol type)
    {
        string id = Identity(type);
        if (_types.ContainsKey(id))
        {
            return;
        }

        // Its place is taken before its members are read: they may lead back to it.
        _types[id] = null;
        string name = type.Name;
        for (INamedTypeSymbol? outer = type.ContainingType; outer is not null; outer = outer.ContainingType)
        {
            name = outer.Name + name;
            if (outer.IsGenericType)
            {
                Report(Rules.Unsupported, type, $"'{type.Name}', which stands in a generic type,");
                return;
            }
        }

        if (type.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal))
        {
            Report(Rules.Construction, type, $"'{type.Name}' has to be public or internal");
            return;
        }

        string core = type.ToDisplayString(Full);
        string open = core.IndexOf('<') is >= 0 and int at ? core.Substring(0, at) : core;
        var model = new TypeModel(
            id, name, TypeModel.Object, open, Comments.Summary(type), MessageOf(type), EquatableArray<string>.Of(type.TypeParameters.Select(static one => one.Name)),
            EquatableArray<MemberModel>.Empty, EquatableArray<ValueModel>.Empty, "", EquatableArray<CaseModel>.Empty);
        if (type.TypeKind == TypeKind.Enum)
        {
            _types[id] = model with { Kind = TypeModel.Enum, Values = Values(type) };
            return;
        }

        AttributeData[] derived = [.. type.GetAttributes().Where(static one => one.AttributeClass?.ToDisplayString() == Json + "JsonDerivedTypeAttribute")];
        if (derived.Length > 0)
        {
            string? discriminator = Attribute(type, Json + "JsonPolymorphicAttribute") is { } polymorphic ? Named(polymorphic, "TypeDiscriminatorPropertyName")?.Value as string : null;
            _types[id] = model with { Kind = TypeModel.Union, Discriminator = discriminator ?? "$type", Cases = Cases(type, derived) };
            return;
        }

        if (type.IsAbstract)
        {
            Report(Rules.Construction, type, $"'{type.Name}' is abstract: JsonDerivedType has to name its cases");
            return;
        }

        if (Members(type) is { } members)
        {
            _types[id] = model with { Members = members };
        }
    }

    private EquatableArray<ValueModel> Values(INamedTypeSymbol type)
    {
        if (Attribute(type, "System.FlagsAttribute") is not null)
        {
            Report(Rules.Unsupported, type, $"'{type.Name}', whose values are flags,");
        }

        return EquatableArray<ValueModel>.Of(type.GetMembers().OfType<IFieldSymbol>().Where(static one => one.HasConstantValue).Select(static one => new ValueModel(
            Attribute(one, Json + "JsonStringEnumMemberNameAttribute")?.ConstructorArguments[0].Value as string ?? one.Name, Escaped(one.Name), Comments.Summary(one))));
    }

    private EquatableArray<CaseModel> Cases(INamedTypeSymbol type, AttributeData[] derived)
    {
        var cases = new List<CaseModel>();
        foreach (AttributeData attribute in derived)
        {
            if (attribute.ConstructorArguments.Length < 2 || attribute.ConstructorArguments[0].Value is not INamedTypeSymbol one || attribute.ConstructorArguments[1].Value is not string tag)
            {
                Report(Rules.Construction, type, $"each case of '{type.Name}' has to have a string that names it");
            }
            else if (Use(one, type) is { } use)
            {
                cases.Add(new CaseModel(tag, use));
            }
        }

        return EquatableArray<CaseModel>.Of(cases);
    }

    private EquatableArray<MemberModel>? Members(INamedTypeSymbol type)
    {
        IMethodSymbol[] constructors =
        [
            .. type.InstanceConstructors
                .Where(one => one.DeclaredAccessibility is Accessibility.Public or Accessibility.Internal
                    && !(one.Parameters.Length == 1 && SymbolEqualityComparer.Default.Equals(one.Parameters[0].Type.OriginalDefinition, type.OriginalDefinition)))
                .OrderByDescending(static one => Attribute(one, Json + "JsonConstructorAttribute") is not null)
                .ThenByDescending(static one => one.Parameters.Length),
        ];
        if (constructors.Length == 0)
        {
            Report(Rules.Construction, type, $"'{type.Name}' has no constructor that can be called");
            return null;
        }

        var properties = new List<IPropertySymbol>();
        for (INamedTypeSymbol? level = type; level is not null && level.SpecialType is not (SpecialType.System_Object or SpecialType.System_ValueType); level = level.BaseType)
        {
            properties.InsertRange(0, level.GetMembers().OfType<IPropertySymbol>().Where(one =>
                one is { IsStatic: false, IsIndexer: false, GetMethod: not null, DeclaredAccessibility: Accessibility.Public } && properties.All(known => known.Name != one.Name)));
        }

        var members = new List<MemberModel>();
        foreach (IParameterSymbol parameter in constructors[0].Parameters)
        {
            IPropertySymbol? property = properties.FirstOrDefault(one => string.Equals(one.Name, parameter.Name, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                Report(Rules.Construction, type, $"the parameter '{parameter.Name}' of '{type.Name}' has no property of that name");
                return null;
            }

            properties.Remove(property);
            if (Use(parameter.Type, property) is { } use)
            {
                members.Add(Member(type, property, use, parameter.HasExplicitDefaultValue, parameter.Ordinal, parameter.HasExplicitDefaultValue ? Literal(parameter) : "default!"));
            }
        }

        foreach (IPropertySymbol property in properties.Where(static one => one.SetMethod is { DeclaredAccessibility: Accessibility.Public or Accessibility.Internal } && !IsIgnored(one)))
        {
            if (Use(property.Type, property) is { } use)
            {
                bool isAssigned = !property.IsRequired && !property.SetMethod!.IsInitOnly;
                members.Add(Member(type, property, use, isAssigned || (use.IsNullable && !property.IsRequired), -1, "default!") with { IsAssigned = isAssigned });
            }
        }

        if (MessageOf(type) is not null && members.Any(static one => one.Name == "type"))
        {
            Report(Rules.Ambiguous, type, $"the message '{type.Name}' has a member 'type' of its own");
        }

        return EquatableArray<MemberModel>.Of(members);
    }

    /// <summary>A name as C# writes it, where it is a word of the language too.</summary>
    private static string Escaped(string name) => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    private static bool IsIgnored(IPropertySymbol property) => Ignore(property) == 1;

    /// <summary>The number of the JsonIgnoreCondition: 1 for always, 3 for when it is null; 0 without the attribute.</summary>
    private static int Ignore(IPropertySymbol property)
        => Attribute(property, Json + "JsonIgnoreAttribute") is { } attribute ? Named(attribute, "Condition")?.Value as int? ?? 1 : 0;

    private static MemberModel Member(INamedTypeSymbol type, IPropertySymbol property, TypeUse use, bool isOptional, int parameter, string otherwise)
    {
        string name = Attribute(property, Json + "JsonPropertyNameAttribute")?.ConstructorArguments[0].Value as string ?? CamelCase(property.Name);
        string own = Comments.Summary(property);
        bool omitsNull = use.IsNullable && Ignore(property) == 3;
        return new MemberModel(
            name, Escaped(property.Name), use, isOptional || omitsNull, omitsNull, parameter, IsAssigned: false, otherwise,
            parameter >= 0 && Comments.Parameter(type, property.Name) is { Length: > 0 } documented ? documented : own);
    }

    private static string Literal(IParameterSymbol parameter) => parameter.ExplicitDefaultValue is not { } value
        ? "default!"
        : $"({parameter.Type.ToDisplayString(Full)})({SymbolDisplay.FormatPrimitive(value, quoteStrings: true, useHexadecimalNumbers: false)})";
}
