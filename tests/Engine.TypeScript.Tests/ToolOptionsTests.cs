using Engine.TypeScript.Tool;

namespace Engine.TypeScript.Tests;

[Category("Pure")]
public sealed class ToolOptionsTests
{
    [Test]
    public void A_command_line_is_understood()
    {
        ToolOptions? options = ToolOptions.Parse(["a.dll", "--out", "b.ts", "--asyncapi", "c.json", "--long", "bigint", "--date", "Date", "--check"], out _);
        Assert.That(options, Is.Not.Null);
        Assert.That((options!.Assembly, options.Output, options.AsyncApi), Is.EqualTo(("a.dll", "b.ts", "c.json")));
        Assert.That((options.IsBigInt, options.IsDate, options.IsChecking, options.IsWatching), Is.EqualTo((true, true, true, false)));
        options = ToolOptions.Parse(["--watch", "--out", "b.ts", "a.dll"], out _);
        Assert.That((options!.IsBigInt, options.IsDate, options.IsChecking, options.IsWatching), Is.EqualTo((false, false, false, true)));
    }

    [TestCase("", "which assembly?")]
    [TestCase("a.dll", "--out is needed")]
    [TestCase("a.dll --out", "not understood: --out")]
    [TestCase("a.dll --out b.ts --long number", "not understood: --long number")]
    [TestCase("a.dll --out b.ts --date date", "not understood: --date date")]
    [TestCase("a.dll b.dll --out b.ts", "not understood: b.dll")]
    [TestCase("a.dll --out b.ts --fast", "not understood: --fast")]
    [TestCase("a.dll --out b.ts --check --watch", "either --watch or --check")]
    public void Others_are_refused_with_the_reason(string line, string reason)
    {
        Assert.That(ToolOptions.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), out string error), Is.Null);
        Assert.That(error, Is.EqualTo(reason));
    }
}
