using System.Xml.Linq;

namespace House.Tests;

[Category("Pure")]
public sealed class ProjectArrowTests
{
    private static readonly string[] PublicOnly = ["samples/", "conformance/", "bench/"];

    private static IEnumerable<string> Projects => Tree.Files.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal));

    [Test]
    public void Packages_reference_only_what_the_map_allows()
    {
        List<string> broken = [];
        foreach (string path in Projects.Where(path => path.StartsWith("src/", StringComparison.Ordinal)))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            string[]? allowed = HouseMap.ProjectArrows.GetValueOrDefault(name)
                ?? (name.StartsWith("Engine.Backplane.", StringComparison.Ordinal) ? ["Engine", "Engine.PubSub"] : null);
            if (allowed is null)
            {
                broken.Add($"{name} is not in HouseMap.ProjectArrows");
                continue;
            }

            broken.AddRange(References(path, "ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Replace('\\', '/')))
                .Where(reference => !allowed.Contains(reference, StringComparer.Ordinal))
                .Select(reference => $"{name} references {reference}"));
        }

        Assert.That(broken, Is.Empty);
    }

    [Test]
    public void Packages_that_reference_each_other_build_the_arrows_the_readme_draws()
    {
        string[] engine = [.. References("src/Engine/Engine.csproj", "ProjectReference")];
        Assert.That(engine, Is.Empty, "src/Engine knows sockets only");
    }

    [Test]
    public void Samples_conformance_and_bench_are_no_friends_of_a_package()
    {
        // Internals are visible to tests, the test kit and the micro benchmarks only, and by the naming rule of Directory.Build.props only.
        IEnumerable<string> friends = Projects
            .SelectMany(path => References(path, "InternalsVisibleTo").Select(friend => $"{path} opens its internals to {friend}"));
        IEnumerable<string> inCode = Tree.Shipped
            .Where(file => file.Tokens.Any(token => token.IsWord("InternalsVisibleTo")))
            .Select(file => $"{file} opens internals by attribute");
        Assert.That(friends.Concat(inCode), Is.Empty);
    }

    [Test]
    public void Unsafe_code_is_allowed_in_two_packages_only()
    {
        IEnumerable<string> broken = Projects
            .Where(path => path.StartsWith("src/", StringComparison.Ordinal) && Tree.ReadText(path).Contains("AllowUnsafeBlocks", StringComparison.Ordinal))
            .Where(path => !HouseMap.MayBeUnsafe.Contains(Path.GetFileNameWithoutExtension(path), StringComparer.Ordinal));
        Assert.That(broken, Is.Empty);
    }

    [Test]
    public void Every_project_is_in_the_solution()
    {
        string solution = Tree.ReadText("Engine.sln").Replace('\\', '/');
        Assert.That(Projects.Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Solution_names_only_projects_that_exist()
    {
        IEnumerable<string> named = Tree.ReadText("Engine.sln").Replace('\\', '/').Split('"').Where(part => part.EndsWith(".csproj", StringComparison.Ordinal));
        Assert.That(named.Except(Projects), Is.Empty);
    }

    [Test]
    public void Every_package_has_a_tests_project()
    {
        IEnumerable<string> untested = Tree.ShippedProjects
            .Select(Tree.TestsOf)
            .Where(name => !Tree.Files.Contains($"tests/{name}/{name}.csproj", StringComparer.Ordinal));
        Assert.That(untested, Is.Empty);
    }

    [Test]
    public void Programs_use_packages_and_never_test_code()
    {
        IEnumerable<string> broken = Projects
            .Where(path => PublicOnly.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)))
            .SelectMany(path => References(path, "ProjectReference")
                .Where(reference => reference.Replace('\\', '/').Contains("/tests/", StringComparison.Ordinal))
                .Select(reference => $"{path} references {reference}"));
        Assert.That(broken, Is.Empty);
    }

    private static IEnumerable<string> References(string projectPath, string element) => XDocument.Parse(Tree.ReadText(projectPath))
        .Descendants(element)
        .Select(reference => (string?)reference.Attribute("Include"))
        .OfType<string>();
}
