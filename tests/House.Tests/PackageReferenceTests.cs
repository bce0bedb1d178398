using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace House.Tests;

/// <summary>Directory.Packages.props says above each shipped package why it is worth a dependency and which projects may reference it.</summary>
[Category("Pure")]
public sealed partial class PackageReferenceTests
{
    [Test]
    public void Packages_reference_only_what_the_central_list_grants_them()
    {
        Dictionary<string, string[]> grants = ReadGrants();
        List<string> broken = [];
        foreach (string path in Tree.Files.Where(path => path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".csproj", StringComparison.Ordinal)))
        {
            string project = Path.GetFileNameWithoutExtension(path);
            foreach (XElement reference in XDocument.Parse(Tree.ReadText(path)).Descendants("PackageReference"))
            {
                string package = (string)reference.Attribute("Include")!;
                if (!grants.TryGetValue(package, out string[]? projects) || !projects.Contains(project, StringComparer.Ordinal))
                {
                    broken.Add($"{project} references {package}");
                }
            }
        }

        Assert.That(broken, Is.Empty);
    }

    [Test]
    public void Shipped_packages_say_who_may_use_them()
    {
        Assert.That(ReadGrants().Where(grant => grant.Value.Length == 0).Select(grant => grant.Key), Is.Empty);
    }

    [Test]
    public void Versions_stand_in_the_central_list_only()
    {
        IEnumerable<string> broken =
            from path in Tree.Files
            where path.EndsWith(".csproj", StringComparison.Ordinal)
            from reference in XDocument.Parse(Tree.ReadText(path)).Descendants("PackageReference")
            where reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null
            select $"{path}: {(string?)reference.Attribute("Include")}";
        Assert.That(broken, Is.Empty);
    }

    /// <summary>The shipped group is the first item group; the comment before an entry ends in the list of its projects.</summary>
    private static Dictionary<string, string[]> ReadGrants()
    {
        XElement group = XDocument.Parse(Tree.ReadText("Directory.Packages.props")).Root!.Elements("ItemGroup").First();
        Dictionary<string, string[]> grants = [];
        string comment = "";
        foreach (XNode node in group.Nodes())
        {
            if (node is XComment words)
            {
                comment = words.Value;
            }
            else if (node is XElement entry)
            {
                grants.Add((string)entry.Attribute("Include")!, [.. ProjectName().Matches(comment).Select(match => match.Value)]);
                comment = "";
            }
        }

        return grants;
    }

    [GeneratedRegex(@"\bEngine(\.[A-Z]\w+)*")]
    private static partial Regex ProjectName();
}
