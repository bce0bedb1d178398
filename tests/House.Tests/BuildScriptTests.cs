using System.Text.RegularExpressions;

namespace House.Tests;

/// <summary>The two build scripts take the verbs that their common usage text names.</summary>
[Category("Pure")]
public sealed partial class BuildScriptTests
{
    private static IEnumerable<string> Verbs => UsageVerb().Matches(Tree.ReadText(".ci/usage.txt")).Select(match => match.Groups[1].Value);

    [Test]
    public void The_usage_text_names_verbs() => Assert.That(Verbs, Is.SupersetOf((string[])["build", "run", "test", "pack"]));

    [TestCaseSource(nameof(Verbs))]
    public void Both_scripts_take_the_verb(string verb)
    {
        Assert.That(Tree.ReadText("build.sh"), Does.Match($@"(?m)^  {verb}\)"));
        Assert.That(Tree.ReadText("build.ps1"), Does.Match($@"(?m)^        '{verb}' {{"));
    }

    [Test]
    public void Neither_script_takes_another()
    {
        IEnumerable<string> shell = ShellVerb().Matches(Tree.ReadText("build.sh").Split("case \"$verb\" in")[^1]).Select(match => match.Groups[1].Value);
        IEnumerable<string> power = PowerVerb().Matches(Tree.ReadText("build.ps1").Split("switch ($verb)")[^1]).Select(match => match.Groups[1].Value);
        Assert.That(shell, Is.EquivalentTo(Verbs));
        Assert.That(power, Is.EquivalentTo(Verbs));
    }

    [GeneratedRegex(@"(?m)^  ([a-z]+)\b")]
    private static partial Regex UsageVerb();

    [GeneratedRegex(@"(?m)^  ([a-z]+)\)")]
    private static partial Regex ShellVerb();

    [GeneratedRegex(@"(?m)^        '([a-z]+)' \{")]
    private static partial Regex PowerVerb();
}
