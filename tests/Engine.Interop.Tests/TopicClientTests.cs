using System.Globalization;
using System.Text.RegularExpressions;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>The npm package of clients/js: its own tests by Node against the server under test, which they start and stop.</summary>
[CancelAfter(300_000)]
public sealed partial class TopicClientTests
{
    [TestCase("client.test.mjs", 30)]
    [TestCase("package.test.mjs", 4)]
    public async Task Its_own_tests_pass(string file, int leastCount)
    {
        string folder = Path.Combine(Repository.Root, "clients", "js");
        await using ChildProcess node = ChildProcess.Start(
            "node",
            ["--test", "--test-reporter=tap", "--test-timeout=200000", $"tests/{file}"],
            folder,
            new Dictionary<string, string?> { ["TOPICS_CONFIGURATION"] = Repository.Configuration });
        int exitCode = await node.WaitForExitAsync(TimeSpan.FromSeconds(240));
        Assert.That(exitCode, Is.Zero, node.Output + node.Error);
        int passed = int.Parse(Passed().Match(node.Output).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.That(passed, Is.GreaterThanOrEqualTo(leastCount), "a test that did not run");
        await TestContext.Progress.WriteLineAsync($"{file}: {passed} passed {Size().Match(node.Output).Groups[1].Value}");
    }

    [GeneratedRegex("^# pass ([0-9]+)", RegexOptions.Multiline)]
    private static partial Regex Passed();

    [GeneratedRegex("^# (core .*)$", RegexOptions.Multiline)]
    private static partial Regex Size();
}
