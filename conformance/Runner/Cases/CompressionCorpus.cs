using System.Text;

namespace Conformance;

/// <summary>
/// What sections 12 and 13 compress. The suite ships five files; these are made here, of the same kinds and lengths, the same on every run:
/// JSON and HTML as text, a grey picture, prose and a PDF as bytes.
/// </summary>
internal sealed class CompressionCorpus
{
    private readonly byte[] _bytes;
    private readonly string? _text;

    private CompressionCorpus(string name, byte[] bytes, bool isBinary)
    {
        Name = name;
        IsBinary = isBinary;
        _bytes = bytes;
        _text = isBinary ? null : Encoding.UTF8.GetString(bytes);
    }

    /// <summary>In the order of the suite's numbers 12.1 to 12.5.</summary>
    public static IReadOnlyList<CompressionCorpus> All { get; } =
    [
        new("JSON", CorpusText.Json(194_056), isBinary: false),
        new("a grey picture", CorpusBytes.Picture(263_222), isBinary: true),
        new("German prose", CorpusText.Prose(222_218), isBinary: true),
        new("HTML", CorpusText.Html(263_647), isBinary: false),
        new("a PDF", CorpusBytes.Pdf(1_042_328), isBinary: true),
    ];

    public string Name { get; }

    public bool IsBinary { get; }

    /// <summary>The next piece: bytes, or characters of a text; past the end it goes on at the beginning.</summary>
    public byte[] Next(ref int at, int length)
    {
        int total = _text?.Length ?? _bytes.Length;
        int from = at;
        at = (at + length) % total;
        if (_text is not null)
        {
            return Encoding.UTF8.GetBytes(at > from ? _text[from..at] : string.Concat(_text.AsSpan(from), _text.AsSpan(0, at)));
        }

        return at > from ? _bytes[from..at] : [.. _bytes.AsSpan(from), .. _bytes.AsSpan(0, at)];
    }
}
