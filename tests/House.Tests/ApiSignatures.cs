using System.Reflection;
using System.Runtime.CompilerServices;

namespace House.Tests;

/// <summary>One line a member: modifiers, types with nullability, parameters with defaults, constraints.</summary>
internal static class ApiSignatures
{
    private static readonly NullabilityInfoContext Nullability = new();

    public static bool IsShown(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;

    public static bool IsShown(MethodBase method) =>
        (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly)
        && !(method is MethodInfo && method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal))
        && !method.Name.Contains('<', StringComparison.Ordinal)
        && !method.Name.Contains('.', StringComparison.Ordinal)
        || method is ConstructorInfo { IsStatic: false } && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    public static bool IsShown(PropertyInfo property) => property.GetAccessors(true).Any(IsVisible) && property.Name != "EqualityContract";

    public static bool IsShown(EventInfo one) => one.AddMethod is MethodInfo add && IsVisible(add);

    public static string Of(FieldInfo field)
    {
        string kind = field.IsLiteral ? "const " : field.IsStatic ? "static " : "";
        string isReadOnly = field.IsInitOnly ? "readonly " : "";
        string value = field.IsLiteral ? " = " + ApiNames.Literal(field.GetRawConstantValue(), field.FieldType) : "";
        return $"{Obsolete(field)}{(field.IsPublic ? "public" : "protected")} {kind}{isReadOnly}{ApiNames.Of(field.FieldType, Nullability.Create(field))} {field.Name}{value}";
    }

    public static string Of(ConstructorInfo constructor) =>
        $"{Obsolete(constructor)}{Access(constructor)} {constructor.DeclaringType!.Name.Split('`')[0]}({Parameters(constructor)})";

    public static string Of(PropertyInfo property)
    {
        MethodInfo[] accessors = [.. property.GetAccessors(true).Where(IsVisible)];
        MethodInfo widest = accessors.FirstOrDefault(accessor => accessor.IsPublic) ?? accessors[0];
        string access = Access(widest);
        IEnumerable<string> parts = accessors
            .OrderBy(accessor => accessor.Name, StringComparer.Ordinal)
            .Select(accessor => (Access(accessor) == access ? "" : Access(accessor) + " ") + AccessorWord(property, accessor) + ";");
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        ParameterInfo[] index = property.GetIndexParameters();
        string name = index.Length == 0 ? property.Name : $"this[{Parameters(index, isExtension: false)}]";
        string byRef = property.PropertyType.IsByRef ? ByRefReturn(property.GetMethod!.ReturnParameter) : "";
        return $"{Obsolete(property)}{access} {Modifiers(widest)}{required}{byRef}{ApiNames.Of(property.PropertyType, Nullability.Create(property))} {name} {{ {string.Join(' ', parts)} }}";
    }

    public static string Of(EventInfo one) =>
        $"{Obsolete(one)}{Access(one.AddMethod!)} {Modifiers(one.AddMethod!)}event {ApiNames.Of(one.EventHandlerType!, Nullability.Create(one))} {one.Name}";

    public static string Of(MethodInfo method)
    {
        Type[] arguments = method.GetGenericArguments();
        string generic = arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(argument => argument.Name))}>";
        string name = method.Name.StartsWith("op_", StringComparison.Ordinal) ? "operator " + method.Name[3..] : method.Name;
        return $"{Obsolete(method)}{Access(method)} {Modifiers(method)}{Return(method)} {name}{generic}({Parameters(method)}){Constraints(arguments)}";
    }

    public static string Return(MethodInfo method) =>
        ByRefReturn(method.ReturnParameter) + ApiNames.Of(method.ReturnType, Nullability.Create(method.ReturnParameter));

    public static string Parameters(MethodBase method) => Parameters(method.GetParameters(), method.IsDefined(typeof(ExtensionAttribute)));

    public static string Constraints(Type[] arguments)
    {
        IEnumerable<string> clauses =
            from argument in arguments
            where argument.IsGenericParameter
            let words = ConstraintWords(argument).ToArray()
            where words.Length > 0
            select $" where {argument.Name} : {string.Join(", ", words)}";
        return string.Concat(clauses);
    }

    public static string Obsolete(MemberInfo member) =>
        member.GetCustomAttribute<ObsoleteAttribute>() is { } mark && !member.IsDefined(typeof(CompilerFeatureRequiredAttribute)) ? $"[Obsolete(\"{mark.Message}\")] " : "";

    private static string Parameters(ParameterInfo[] parameters, bool isExtension) =>
        string.Join(", ", parameters.Select((parameter, i) => (isExtension && i == 0 ? "this " : "") + Parameter(parameter)));

    private static string Parameter(ParameterInfo parameter)
    {
        string mode = "";
        if (parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)))
        {
            mode = "params ";
        }
        else if (parameter.IsDefined(typeof(ScopedRefAttribute)))
        {
            mode = "scoped ";
        }

        if (parameter.ParameterType.IsByRef)
        {
            mode += parameter.IsOut ? "out "
                : parameter.IsDefined(typeof(RequiresLocationAttribute)) ? "ref readonly "
                : parameter.IsDefined(typeof(IsReadOnlyAttribute)) ? "in " : "ref ";
        }

        string value = parameter.HasDefaultValue ? " = " + ApiNames.Literal(parameter.RawDefaultValue, Underlying(parameter.ParameterType)) : "";
        return $"{mode}{ApiNames.Of(parameter.ParameterType, Nullability.Create(parameter))} {parameter.Name}{value}";
    }

    private static Type Underlying(Type type) => Nullable.GetUnderlyingType(type) is { IsEnum: true } underlying ? underlying : type;

    private static string ByRefReturn(ParameterInfo parameter)
    {
        if (!parameter.ParameterType.IsByRef)
        {
            return "";
        }

        return parameter.IsDefined(typeof(IsReadOnlyAttribute)) ? "ref readonly " : "ref ";
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Access(MethodBase method) => method.IsPublic ? "public" : method.IsFamilyOrAssembly ? "protected internal" : "protected";

    private static string AccessorWord(PropertyInfo property, MethodInfo accessor)
    {
        if (accessor == property.GetMethod)
        {
            return "get";
        }

        bool isInit = accessor.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
        return isInit ? "init" : "set";
    }

    private static string Modifiers(MethodInfo method)
    {
        if (method.DeclaringType!.IsInterface)
        {
            return method.IsStatic ? "static " : "";
        }

        string isStatic = method.IsStatic ? "static " : "";
        bool isOverride = method.IsVirtual && method.GetBaseDefinition().DeclaringType != method.DeclaringType;
        string isVirtual = isOverride ? (method.IsFinal ? "sealed override " : "override ")
            : method.IsAbstract ? "abstract "
            : method.IsVirtual && !method.IsFinal ? "virtual " : "";
        return isStatic + isVirtual;
    }

    private static IEnumerable<string> ConstraintWords(Type argument)
    {
        GenericParameterAttributes attributes = argument.GenericParameterAttributes;
        bool isStruct = attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            yield return "class";
        }
        else if (isStruct)
        {
            yield return argument.CustomAttributes.Any(attribute => attribute.AttributeType.Name == "IsUnmanagedAttribute") ? "unmanaged" : "struct";
        }

        foreach (Type constraint in argument.GetGenericParameterConstraints().Where(constraint => constraint != typeof(ValueType)))
        {
            yield return ApiNames.Of(constraint);
        }

        if (!isStruct && attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint))
        {
            yield return "new()";
        }

        if (attributes.HasFlag(GenericParameterAttributes.AllowByRefLike))
        {
            yield return "allows ref struct";
        }
    }
}
