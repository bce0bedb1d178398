using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace House.Tests;

/// <summary>Writes what an assembly shows to its users as text: types by name, below each one line a member with its full signature, in a fixed order.</summary>
internal static class ApiText
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        StringBuilder text = new();
        text.Append("# The public surface of ").Append(assembly.GetName().Name).Append(". Written by ./build.sh api: a change here is a change for users.\n");
        foreach (IGrouping<string?, Type> group in assembly.GetTypes().Where(IsShown).GroupBy(type => type.Namespace).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            text.Append("\nnamespace ").Append(group.Key).Append('\n');
            foreach (Type type in group.OrderBy(type => ApiNames.Of(type), StringComparer.Ordinal))
            {
                text.Append('\n').Append(Head(type)).Append('\n');
                foreach (string line in Members(type))
                {
                    text.Append("    ").Append(line).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    private static bool IsShown(Type type) =>
        !type.Name.Contains('<', StringComparison.Ordinal)
        && (type.IsPublic || type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem)
        && (type.DeclaringType is null || IsShown(type.DeclaringType));

    private static string Head(Type type)
    {
        string access = type.IsNestedFamily || type.IsNestedFamORAssem ? "protected " : "public ";
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            return $"{access}delegate {ApiSignatures.Return(invoke)} {ApiNames.Of(type)}({ApiSignatures.Parameters(invoke)}){ApiSignatures.Constraints(type.GetGenericArguments())}";
        }

        List<string> above = [];
        if (type.BaseType is Type parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum))
        {
            above.Add(ApiNames.Of(parent));
        }

        if (type.IsEnum)
        {
            above.Add(ApiNames.Of(Enum.GetUnderlyingType(type)));
        }
        else
        {
            Type[] all = type.GetInterfaces();
            IEnumerable<Type> inherited = (type.BaseType?.GetInterfaces() ?? []).Concat(all.SelectMany(one => one.GetInterfaces()));
            above.AddRange(all.Except(inherited).Where(one => one.IsVisible).Select(one => ApiNames.Of(one)).Order(StringComparer.Ordinal));
        }

        string flags = type.IsEnum && type.IsDefined(typeof(FlagsAttribute)) ? "[Flags] " : "";
        string obsolete = ApiSignatures.Obsolete(type);
        string bases = above.Count == 0 ? "" : " : " + string.Join(", ", above);
        return $"{obsolete}{flags}{access}{Kind(type)} {ApiNames.Of(type)}{bases}{ApiSignatures.Constraints(type.GetGenericArguments())}";
    }

    private static string Kind(Type type)
    {
        if (type.IsEnum)
        {
            return "enum";
        }

        if (type.IsInterface)
        {
            return "interface";
        }

        // Records have no flag of their own: the compiler gives them a printer (and classes a clone).
        string record = type.GetMethod("PrintMembers", Declared) is not null ? "record " : "";
        if (type.IsValueType)
        {
            string isReadOnly = type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "";
            return $"{isReadOnly}{(type.IsByRefLike ? "ref " : "")}{record}struct";
        }

        return (type.IsAbstract, type.IsSealed) switch
        {
            (true, true) => "static class",
            (true, false) => $"abstract {record}class",
            (false, true) => $"sealed {record}class",
            _ => $"{record}class",
        };
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .OrderBy(field => Convert.ToInt64(field.GetRawConstantValue(), System.Globalization.CultureInfo.InvariantCulture))
                .Select(field => $"{field.Name} = {field.GetRawConstantValue()}");
        }

        if (type.IsSubclassOf(typeof(Delegate)))
        {
            return [];
        }

        bool isRecord = type.GetMethod("PrintMembers", Declared) is not null;
        return ((IEnumerable<(int Order, string Text)>)
            [
                .. type.GetFields(Declared).Where(ApiSignatures.IsShown).Select(field => (0, ApiSignatures.Of(field))),
                .. type.GetConstructors(Declared).Where(ApiSignatures.IsShown).Select(constructor => (1, ApiSignatures.Of(constructor))),
                .. type.GetProperties(Declared).Where(ApiSignatures.IsShown).Select(property => (2, ApiSignatures.Of(property))),
                .. type.GetEvents(Declared).Where(ApiSignatures.IsShown).Select(one => (3, ApiSignatures.Of(one))),
                .. type.GetMethods(Declared).Where(method => ApiSignatures.IsShown(method) && !(isRecord && IsWrittenByCompiler(method))).Select(method => (4, ApiSignatures.Of(method))),
            ])
            .OrderBy(member => member.Order)
            .ThenBy(member => member.Text, StringComparer.Ordinal)
            .Select(member => member.Text);
    }

    private static bool IsWrittenByCompiler(MethodInfo method) =>
        method.IsDefined(typeof(CompilerGeneratedAttribute)) || method.Name.Contains('<', StringComparison.Ordinal);
}
