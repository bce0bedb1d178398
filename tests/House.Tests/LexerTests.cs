namespace House.Tests;

/// <summary>The rules are only as good as the cutting: a lexer that takes a comment for code, or code for a string, hides what it should show.</summary>
[Category("Pure")]
public sealed class LexerTests
{
    [TestCase("a // b\nc", "a c")]
    [TestCase("a /* b \n b */ c", "a c")]
    [TestCase("#pragma warning disable X\na", "a")]
    [TestCase("a \"b \\\" b\" c", "a ' c")]
    [TestCase("a @\"b \"\" b\\\" c", "a ' c")]
    [TestCase("a 'b' '\\'' c", "a ' ' c")]
    [TestCase("a $\"b {c} b {{d}} {e:x}\" f", "a c e ' f")]
    [TestCase("a $\"{b(\"c\")}\" d", "a b ( ' ) ' d")]
    [TestCase("a \"\"\"b \"c\" {d}\"\"\" e", "a ' e")]
    [TestCase("a $$\"\"\"b {c} {{d}}\"\"\" e", "a d ' e")]
    [TestCase("a \"\" b", "a ' b")]
    [TestCase("@class 0x1F 1.5 1_000", "class ' ' '")]
    [TestCase("x ? \"/*\" : y", "x ? ' : y")]
    public void Code_is_cut_into_words_literals_and_marks(string code, string expected)
    {
        IEnumerable<string> shown = Lexer.Cut(code).Tokens.Select(token => token.Kind == TokenKind.Literal ? "'" : token.Text);
        Assert.That(string.Join(' ', shown), Is.EqualTo(expected));
    }

    [Test]
    public void Lines_are_counted_through_comments_and_strings()
    {
        Token last = Lexer.Cut("/*\n*/\n@\"\n\"\n\"\"\"\n\n\"\"\"\nend").Tokens[^1];
        Assert.That((last.Text, last.Line), Is.EqualTo(("end", 8)));
    }

    [Test]
    public void Declared_types_are_the_top_level_ones()
    {
        const string Code = """
            namespace N;
            public sealed record Point(int X);
            internal readonly record struct Pair(int A, int B);
            public delegate Task<List<int>> Handler<T>(T value) where T : class;
            internal class Outer<T> where T : struct, IThing { private sealed class Inner { } }
            internal interface IThing { }
            public enum Kind { One }
            """;
        SourceFile file = SourceFile.Of("src/N/File.cs", Code);
        Assert.That(file.DeclaredTypes.Select(type => type.Name), Is.EqualTo(new[] { "Point", "Pair", "Handler", "Outer", "IThing", "Kind" }));
    }

    [Test]
    public void Member_access_does_not_name_a_type_unless_the_namespace_stands_before_it()
    {
        SourceFile file = SourceFile.Of("src/Engine.Http1/File.cs", "a.Segment = Engine.Transport; Segment.Rent();");
        Assert.That(file.FreeWords().Select(token => token.Text), Is.EqualTo(new[] { "a", "Engine", "Transport", "Segment" }));
    }
}
