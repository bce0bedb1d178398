namespace House.Tests;

/// <summary>Tests stand where one looks for them: <c>X.cs</c> is tested by <c>XTests.cs</c> or <c>X...Tests.cs</c> in its package's tests project.</summary>
[Category("Pure")]
public sealed class MirrorTests
{
    [Test]
    public void Each_shipped_file_has_a_tests_file_or_an_excuse()
    {
        ExcusedList excused = new("tests-files");
        string[] tests = [.. Tree.Sources.Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal) && file.Path.EndsWith("Tests.cs", StringComparison.Ordinal)).Select(file => file.Path)];
        List<string> broken = [];
        foreach (SourceFile file in Tree.Shipped.Where(HasBehaviour))
        {
            string type = file.Name.Split('.')[0];
            string folder = $"tests/{Tree.TestsOf(file.Project)}/";
            bool isTested = tests.Any(test => test.StartsWith(folder, StringComparison.Ordinal) && test.Split('/')[^1].StartsWith(type, StringComparison.Ordinal));
            if (!isTested && !excused.Covers(file.Path))
            {
                broken.Add(file.Path);
            }
        }

        excused.Check(broken, "Write <Type>Tests.cs, or say in tests/House.Tests/Excused/tests-files.txt which tests file reaches it.");
    }

    [Test]
    public void Each_excuse_names_a_tests_file_that_exists()
    {
        HashSet<string> names = [.. Tree.Sources.Select(file => file.Name)];
        IEnumerable<string> broken = new ExcusedList("tests-files").Entries
            .Where(entry => !entry.Value.Split([' ', ',', ';', ':'], StringSplitOptions.RemoveEmptyEntries).Any(word => names.Contains(word)))
            .Select(entry => $"{entry.Key} | {entry.Value}");
        Assert.That(broken, Is.Empty);
    }

    [Test]
    public void Each_limit_is_reached_by_a_test()
    {
        ExcusedList excused = new("limits");
        HashSet<string> testWords = [.. Tree.Sources
            .Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal) || file.Path.StartsWith("conformance/", StringComparison.Ordinal))
            .SelectMany(file => file.Tokens)
            .Where(token => token.Kind == TokenKind.Word)
            .Select(token => token.Text)];
        IEnumerable<string> broken =
            from file in Tree.Shipped
            where file.Folder.Length == 0
            from limit in Limits(file)
            where !testWords.Contains(limit) && !excused.Covers(limit)
            select $"{file}: {limit}";
        excused.Check([.. broken], "A limit that no test sets is a limit that nobody has seen work.");
    }

    /// <summary>Words and numbers (enums, interfaces, delegates) have nothing to test by themselves.</summary>
    private static bool HasBehaviour(SourceFile file) =>
        file.DeclaredTypes.Any(type => type.Kind is "class" or "struct" or "record") && file.Tokens.Any(token => token.IsWord("return") || token.IsMark('='));

    private static IEnumerable<string> Limits(SourceFile file)
    {
        for (int i = 0; i + 1 < file.Tokens.Count; i++)
        {
            Token token = file.Tokens[i];
            if (token.Kind == TokenKind.Word && token.Text.StartsWith("Max", StringComparison.Ordinal) && file.Tokens[i + 1].IsMark('{'))
            {
                yield return token.Text;
            }
        }
    }
}
