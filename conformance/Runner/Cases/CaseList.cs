using System.Text;

namespace Conformance;

/// <summary>Collects the cases of a section; the words that all sections share.</summary>
internal sealed class CaseList
{
    public const string Echo = "The message comes back unchanged; clean close with 1000.";
    public const string Fails = "The connection is failed at once with 1002, or TCP is dropped.";

    private readonly List<ConformanceCase> _cases = [];

    public IReadOnlyList<ConformanceCase> Cases => _cases;

    public void Add(string id, string description, string expectation, Action<CaseScript> open) =>
        Add(id, description, expectation, () => new CaseScript(open));

    public void Add(string id, string description, string expectation, Func<CaseScript> create) =>
        _cases.Add(new ConformanceCase(CaseId.Parse(id), description, expectation, create));

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>The pattern repeated and cut to the length.</summary>
    public static byte[] Repeat(ReadOnlySpan<byte> pattern, int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        for (int at = 0; at < lengthBytes; at += pattern.Length)
        {
            pattern[..Math.Min(pattern.Length, lengthBytes - at)].CopyTo(bytes.AsSpan(at));
        }

        return bytes;
    }
}
