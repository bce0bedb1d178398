using System.Text;
using System.Text.RegularExpressions;

namespace Engine.Http1.Tests;

/// <summary>Chunk extensions by the grammar of RFC 9112 §7.1.1, held against a second reading of it as a regular expression.</summary>
public sealed partial class ChunkExtensionTests
{
    private static readonly string[] Valid =
    [
        "", ";a", ";a=b", ";a=\"b\"", ";a;b=c;d", " ;a", "\t; a = b ; c", ";a=\"\"", ";a=\" ;\"", ";a=\"\\\"\"", ";a=\"\\\\\"", ";a=\"\u00e9\"", ";!#$%&'*+-.^_`|~=1", ";a=\"b\" ;c",
    ];

    private static readonly string[] Invalid =
    [
        " ", ";", ";;", ";a;", ";a=", ";a= ", ";a ", ";a=b ", ";=b", ";a=b=c", ";a=\"b", ";a=\"b\\", ";a=\"b\"x", ";a=\"b\"x;;=;", ";bad[=x", ";a=b\"c\"", ";\"a\"", ";a b", "x;a", ";a=\"\u0001\"", ";a=\"\u007f\"", ";a==b", ";a,b", ";a=(b)", " \t", ";a=\"b\" ",
    ];

    private static int InputCount => int.TryParse(Environment.GetEnvironmentVariable("ENGINE_FUZZ_INPUTS"), out int count) ? count : 100_000;

    [TestCaseSource(nameof(Valid))]
    public void RFC_9112_7_1_1_an_extension_in_order_is_ignored(string extension) => Assert.That(Dialogue.Ask(Request(extension)), Does.StartWith("HTTP/1.1 200 ").And.EndWith("\r\n\r\nhello"));

    [TestCaseSource(nameof(Invalid))]
    public void RFC_9112_7_1_1_an_extension_that_breaks_the_grammar_is_refused(string extension) => Assert.That(Dialogue.Ask(Request(extension)), Does.StartWith("HTTP/1.1 400 ").And.EndWith("<FIN>"));

    [Test]
    public void Mutated_extensions_are_judged_as_the_ABNF_does()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        string[] seeds = [.. Valid, .. Invalid];
        HttpLimits limits = new HttpLimits().Freeze();
        for (int i = 0; i < InputCount; i++)
        {
            string input = AuthorityTests.Mutate(seeds[random.Next(seeds.Length)], seeds, random).Split('\r')[0];
            if (input.Length > 0 && char.IsAsciiHexDigit(input[0]))
            {
                continue;
            }

            byte[] bytes = Encoding.Latin1.GetBytes($"5{input}\r\nhello\r\n0\r\n\r\n");
            int cut = random.Next(bytes.Length);
            var decoder = default(ChunkedDecoder);
            bool isWhole = Decode(ref decoder, bytes.AsSpan(0, cut), limits) && Decode(ref decoder, bytes.AsSpan(cut), limits) && decoder.IsDone;
            Assert.That(isWhole, Is.EqualTo(Abnf().IsMatch(input)), () => $"seed {seed}, input <{input}>");
        }
    }

    private static string Request(string extension) => $"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5{extension}\r\nhello\r\n0\r\n\r\n";

    private static bool Decode(ref ChunkedDecoder decoder, ReadOnlySpan<byte> bytes, HttpLimits limits)
    {
        HttpRejection rejection = HttpRejection.None;
        while (!decoder.IsDone && decoder.TryRead(bytes, limits, out _, out int consumed, out rejection))
        {
            bytes = bytes[consumed..];
        }

        return rejection == HttpRejection.None;
    }

    [GeneratedRegex(@"\A(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|""(?:[\t \x21\x23-\x5B\x5D-\x7E\x80-\xFF]|\\[\t\x20-\x7E\x80-\xFF])*""))?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Abnf();
}
