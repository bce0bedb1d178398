using System.Globalization;
using System.Reflection;

namespace House.Tests;

/// <summary>Names of types as C# writes them, with the question marks of nullable references where they are known.</summary>
internal static class ApiNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
    };

    /// <param name="type">The type to name.</param>
    /// <param name="nullability">What is known of its nullable references; null leaves them unmarked.</param>
    public static string Of(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
        {
            return Of(type.GetElementType()!, nullability);
        }

        string mark = nullability is not null && !type.IsValueType && !type.IsPointer && nullability.ReadState == NullabilityState.Nullable ? "?" : "";
        if (Keywords.TryGetValue(type, out string? keyword))
        {
            return keyword + mark;
        }

        if (type.IsGenericParameter)
        {
            return type.Name + mark;
        }

        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (type.IsPointer)
        {
            return Of(type.GetElementType()!) + "*";
        }

        if (Nullable.GetUnderlyingType(type) is Type underlying)
        {
            // The nullability of Nullable<T> is flattened to that of T.
            return Of(underlying, nullability?.GenericTypeArguments is [NullabilityInfo only] ? only : null) + "?";
        }

        return Generic(type, nullability) + mark;
    }

    /// <summary>A constant or default value as a C# literal.</summary>
    public static string Literal(object? value, Type type) => value switch
    {
        null => type.IsValueType && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
        string text => $"\"{text}\"",
        char one => $"'{one}'",
        bool flag => flag ? "true" : "false",
        _ when type.IsEnum => Enum.GetName(type, value) is string name ? $"{Of(type)}.{name}" : $"({Of(type)}){value}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string Generic(Type type, NullabilityInfo? nullability)
    {
        Type[] arguments = type.GetGenericArguments();
        if (type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true)
        {
            return $"({string.Join(", ", arguments.Select((argument, i) => Of(argument, Part(nullability, i))))})";
        }

        // A nested type repeats the parameters of its outer type; each level shows the ones it adds.
        string outer = "";
        int inherited = 0;
        if (type.DeclaringType is Type declaring)
        {
            inherited = declaring.GetGenericArguments().Length;
            Type closed = inherited > 0 && !type.IsGenericTypeDefinition ? declaring.MakeGenericType(arguments[..inherited]) : declaring;
            outer = Of(closed) + ".";
        }

        string name = type.Name.Split('`')[0];
        if (arguments.Length == inherited)
        {
            return outer + name;
        }

        IEnumerable<string> shown = arguments.Select((argument, i) => Variance(argument) + Of(argument, Part(nullability, i))).Skip(inherited);
        return $"{outer}{name}<{string.Join(", ", shown)}>";
    }

    private static string Variance(Type argument)
    {
        if (!argument.IsGenericParameter)
        {
            return "";
        }

        return (argument.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) switch
        {
            GenericParameterAttributes.Covariant => "out ",
            GenericParameterAttributes.Contravariant => "in ",
            _ => "",
        };
    }

    private static NullabilityInfo? Part(NullabilityInfo? nullability, int index) =>
        nullability is not null && index < nullability.GenericTypeArguments.Length ? nullability.GenericTypeArguments[index] : null;
}
