namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class ExtensionTokensTests
{
    [Test]
    public void List_of_extensions_with_parameters_is_read_in_order()
    {
        var tokens = new ExtensionTokens(" , foo ; a ; b=1,,bar;c=\"two\"\t");
        List<string> seen = [];
        while (tokens.TryReadName(out ReadOnlySpan<char> name))
        {
            seen.Add(name.ToString());
            while (tokens.TryReadParameter(out ReadOnlySpan<char> key, out ReadOnlySpan<char> value, out bool hasValue))
            {
                seen.Add($"{key}{(hasValue ? "=" : "")}{value}");
            }
        }

        Assert.That(seen, Is.EqualTo(new[] { "foo", "a", "b=1", "bar", "c=two" }));
        Assert.That(tokens.IsMalformed, Is.False);
    }
}
