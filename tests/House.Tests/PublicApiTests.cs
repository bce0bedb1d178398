using System.Reflection;

namespace House.Tests;

/// <summary>The public surface of each package is a text file under review: <c>./build.sh api</c> writes it, this compares.</summary>
[Category("Pure")]
public sealed class PublicApiTests
{
    private static IEnumerable<string> Packages => Tree.ShippedProjects;

    [TestCaseSource(nameof(Packages))]
    public void Public_surface_is_the_reviewed_one(string package)
    {
        string path = $"src/{package}/PublicAPI.txt";
        string actual = ApiText.Of(Assembly.Load(package));
        if (Environment.GetEnvironmentVariable("ENGINE_WRITE_API") == "1")
        {
            File.WriteAllText(Tree.Absolute(path), actual);
        }

        string reviewed = Tree.Files.Contains(path, StringComparer.Ordinal) || File.Exists(Tree.Absolute(path)) ? Tree.ReadText(path) : "";
        string[] reviewedLines = reviewed.Split('\n');
        string[] actualLines = actual.Split('\n');
        IEnumerable<string> difference = reviewedLines.Except(actualLines).Select(line => "- " + line.Trim())
            .Concat(actualLines.Except(reviewedLines).Select(line => "+ " + line.Trim()));
        Assert.That(actual, Is.EqualTo(reviewed), $"{path} is not what the assembly shows; look at it, then run ./build.sh api.\n{string.Join('\n', difference)}");
    }

    [TestCaseSource(nameof(Packages))]
    public void Package_holds_no_mutable_static_state(string package)
    {
        // Several servers live in one process: what one of them changes, another must not see.
        ExcusedList excused = new("mutable-statics");
        IEnumerable<string> broken =
            from type in Assembly.Load(package).GetTypes()
            where !IsGenerated(type)
            from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            where !field.IsInitOnly && !field.IsLiteral && !field.Name.Contains('<', StringComparison.Ordinal)
            let key = $"{package}: {type.Name}.{field.Name}"
            where !excused.Covers(key)
            select key;
        excused.Check([.. broken], "Static fields are readonly.", key => key.StartsWith(package + ":", StringComparison.Ordinal));
    }

    private static bool IsGenerated(Type type) =>
        type.Name.Contains('<', StringComparison.Ordinal)
        || type.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute))
        || type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute))
        || (type.DeclaringType is Type outer && IsGenerated(outer));
}
