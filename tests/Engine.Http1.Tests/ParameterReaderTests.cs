using System.Text;

namespace Engine.Http1.Tests;

[Category("Pure")]
public sealed class ParameterReaderTests
{
    [TestCase("; charset=utf-8", "charset=utf-8")]
    [TestCase(";a=b;c=\"d;e,f\";", "a=b|c=d;e,f")]
    [TestCase(" ; a = b ;; c=d ", "a=b|c=d")]
    [TestCase("a=\"x\\\"y\\\\z\\q\"", "a=x\"y\\z\\q")]
    [TestCase("for=1;by=2, for=3", "for=1|by=2|,for=3")]
    [TestCase("a=\"\"", "a=")]
    [TestCase("", "")]
    [TestCase(" ;, ", "")]
    public void Pairs_are_read_one_by_one(string text, string expected) => Assert.That(Read(text), Is.EqualTo((expected, false)));

    [TestCase("a", "")]
    [TestCase("a=", "")]
    [TestCase("=b", "")]
    [TestCase("a=\"b", "")]
    [TestCase("a=\"b\\\"", "")]
    [TestCase("a=b c=d", "")]
    [TestCase("x=1; a=\"b\"c", "x=1")]
    [TestCase("a=b(", "")]
    public void What_breaks_the_grammar_ends_the_reading(string text, string before) => Assert.That(Read(text), Is.EqualTo((before, true)));

    [TestCase("application/json", "application/json", true)]
    [TestCase(" Text/HTML ; a=b", "Text/HTML", false)]
    [TestCase("application/problem+JSON", "application/problem+JSON", true)]
    [TestCase("", "", false)]
    public void RFC_9110_8_3_1_a_media_type_is_what_stands_before_its_parameters(string value, string essence, bool isJson)
    {
        MediaType type = MediaType.Parse(Encoding.Latin1.GetBytes(value));
        Assert.That((Encoding.Latin1.GetString(type.Essence), type.IsJson), Is.EqualTo((essence, isJson)));
    }

    private static (string Pairs, bool IsBroken) Read(string text)
    {
        var reader = new ParameterReader(Encoding.Latin1.GetBytes(text));
        var pairs = new List<string>();
        while (reader.TryRead())
        {
            pairs.Add($"{(reader.BeginsGroup ? "," : "")}{Encoding.Latin1.GetString(reader.Name)}={reader.Text(Encoding.Latin1)}");
        }

        return (string.Join('|', pairs), reader.IsBroken);
    }
}
