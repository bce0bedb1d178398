namespace House.Tests;

/// <summary>The repository stands alone: nothing in it depends on where, or with what private tools, somebody worked on it.</summary>
[Category("Pure")]
public sealed class NeighbourTests
{
    private static readonly string[] TextEndings =
        [".cs", ".csproj", ".props", ".targets", ".sln", ".sh", ".ps1", ".md", ".txt", ".json", ".js", ".mjs", ".html", ".css", ".yml", ".yaml", ".xml", ".editorconfig", ".c", "run"];

    // Written in two halves, so that this file does not break its own rule.
    private static readonly string[] Foreign =
    [
        "/wo" + "rk/", "../sha" + "red", "sha" + "red/DESIGN", "sha" + "red/STYLE", "DESIGN" + ".md", "STYLE" + ".md", "PEERS" + ".md", "issues" + " show", "CONTRACT" + ".cs",
        "/home" + "/", "C:\\Us" + "ers", "/ro" + "ot/",
    ];

    [Test]
    public void No_path_or_tool_of_a_workplace_is_named()
    {
        IEnumerable<string> broken =
            from path in Tree.Files
            where TextEndings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)) && !path.EndsWith("package-lock.json", StringComparison.Ordinal)
            let text = Tree.ReadText(path)
            from word in Foreign
            where text.Contains(word, StringComparison.Ordinal)
            select $"{path} names <{word}>";
        Assert.That(broken, Is.Empty);
    }

    [Test]
    public void Links_in_the_documents_lead_to_files_that_exist()
    {
        List<string> broken = [];
        foreach (string path in Tree.Files.Where(path => path.EndsWith(".md", StringComparison.Ordinal)))
        {
            string folder = Path.GetDirectoryName(Tree.Absolute(path))!;
            foreach (string link in Links(Tree.ReadText(path)))
            {
                string target = link.Split('#')[0];
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(folder, target)))
                {
                    broken.Add($"{path} -> {link}");
                }
            }
        }

        Assert.That(broken, Is.Empty);
    }

    [Test]
    public void Scripts_know_the_same_verbs()
    {
        string[] verbs = ["build", "run", "test", "conformance", "bench", "pack", "format", "api"];
        string bash = Tree.ReadText("build.sh");
        string powerShell = Tree.ReadText("build.ps1");
        Assert.That(verbs.Where(verb => !bash.Contains($"  {verb})", StringComparison.Ordinal)), Is.Empty, "build.sh");
        Assert.That(verbs.Where(verb => !powerShell.Contains($"'{verb}' ", StringComparison.Ordinal)), Is.Empty, "build.ps1");
    }

    /// <summary>The targets of Markdown links, those in code fences left out.</summary>
    private static IEnumerable<string> Links(string text)
    {
        bool isFenced = false;
        foreach (string line in text.Split('\n'))
        {
            isFenced ^= line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            for (int at = 0; !isFenced && (at = line.IndexOf("](", at, StringComparison.Ordinal)) >= 0; at += 2)
            {
                int end = line.IndexOf(')', at);
                if (end > at)
                {
                    yield return line[(at + 2)..end];
                }
            }
        }
    }
}
