using System.Text.Unicode;

namespace Conformance;

/// <summary>The byte sequences of sections 6.5 to 6.23, ordered and grouped as the suite numbers them; they follow Markus Kuhn's stress test for UTF-8 decoders.</summary>
internal static class Utf8Sequences
{
    public static IReadOnlyList<(string Name, IReadOnlyList<Utf8Sequence> Sequences)> Groups { get; } = Build();

    private static List<(string, IReadOnlyList<Utf8Sequence>)> Build()
    {
        byte[] greek = CaseList.Bytes("κ\u1F79σμε");
        string[] truncated = ["C0", "E080", "F08080", "F8808080", "FC80808080", "DF", "EFBF", "F7BFBF", "FBBFBFBF", "FDBFBFBFBF"];
        return
        [
            ("Plain text", [Valid("hello$world"u8), Valid("hello¢world"u8), Valid("hello€world"u8), new(true, [.. "hello"u8, 0xF0, 0xA4, 0xAD, 0xA2, .. "world"u8]), Valid(greek)]),
            ("Prefixes of a valid text", [.. Enumerable.Range(1, greek.Length).Select(length => new Utf8Sequence(Utf8.IsValid(greek.AsSpan(0, length)), greek[..length]))]),
            ("First sequence of each length", Valid("00", "C280", "E0A080", "F0908080")),
            ("First sequence of five and six bytes", Invalid("F888808080", "FC8480808080")),
            ("Last sequence of each length", Valid("7F", "DFBF", "EFBFBF", "F48FBFBF")),
            ("Last sequence of four bytes and more, past Unicode", Invalid("F7BFBFBF", "FBBFBFBFBF", "FDBFBFBFBFBF")),
            ("Boundaries", [.. Valid("ED9FBF", "EE8080", "EFBFBD", "F48FBFBF"), .. Invalid("F4908080")]),
            ("Continuation bytes alone", [.. Invalid("80", "BF", "80BF", "80BF80", "80BF80BF", "80BF80BF80", "80BF80BF80BF"), new(false, [.. Range(0x80, 0xBF)])]),
            ("Start bytes alone", [Lonely(0xC0, 0xDF), Lonely(0xE0, 0xEF), Lonely(0xF0, 0xF7), Lonely(0xF8, 0xFB), Lonely(0xFC, 0xFD)]),
            ("Last continuation byte missing", Invalid(truncated)),
            ("Incomplete sequences in a row", Invalid(string.Concat(truncated))),
            ("Impossible bytes", Invalid("FE", "FF", "FEFEFFFF")),
            ("A slash, overlong", Invalid("C0AF", "E080AF", "F08080AF", "F8808080AF", "FC80808080AF")),
            ("The largest overlong sequences", Invalid("C1BF", "E09FBF", "F08FBFBF", "F887BFBFBF", "FC83BFBFBFBF")),
            ("NUL, overlong", Invalid("C080", "E08080", "F0808080", "F880808080", "FC8080808080")),
            ("Single surrogates", Invalid("EDA080", "EDADBF", "EDAE80", "EDAFBF", "EDB080", "EDBE80", "EDBFBF")),
            ("Surrogate pairs", Invalid("EDA080EDB080", "EDA080EDBFBF", "EDADBFEDB080", "EDADBFEDBFBF", "EDAE80EDB080", "EDAE80EDBFBF", "EDAFBFEDB080", "EDAFBFEDBFBF")),
            ("Code points that are no characters, yet valid", [.. Valid("EFBFBE", "EFBFBF"), .. NonCharacters()]),
            ("Specials", Valid("EFBFB9", "EFBFBA", "EFBFBB", "EFBFBC", "EFBFBD", "EFBFBE", "EFBFBF")),
        ];
    }

    /// <summary>The last two code points of the planes 1 to 16.</summary>
    private static IEnumerable<Utf8Sequence> NonCharacters() =>
        from plane in Enumerable.Range(1, 16)
        from last in new[] { 0xFFFE, 0xFFFF }
        select Valid(CaseList.Bytes(char.ConvertFromUtf32((plane << 16) | last)));

    private static Utf8Sequence Valid(ReadOnlySpan<byte> bytes) => new(true, bytes.ToArray());

    private static Utf8Sequence[] Valid(params string[] hex) => [.. hex.Select(one => new Utf8Sequence(true, Convert.FromHexString(one)))];

    private static Utf8Sequence[] Invalid(params string[] hex) => [.. hex.Select(one => new Utf8Sequence(false, Convert.FromHexString(one)))];

    /// <summary>Every byte of the range but the last (so does the suite), each followed by a space.</summary>
    private static Utf8Sequence Lonely(int from, int to) => new(false, [.. Range(from, to).SelectMany(one => new[] { one, (byte)' ' })]);

    private static IEnumerable<byte> Range(int from, int to) => Enumerable.Range(from, to - from).Select(one => (byte)one);
}
