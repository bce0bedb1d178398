using System.Globalization;

namespace Conformance;

/// <summary>What may come back: "200 400|501 close" is an answer with 200, one with 400 or 501, and the end of the connection.</summary>
/// <param name="Answers">For each answer in order the status codes that fit; 0 stands for an end without an answer.</param>
/// <param name="End">open, close, switch or any.</param>
internal sealed record HttpOutcome(IReadOnlyList<IReadOnlyList<int>> Answers, string End)
{
    public const int Drop = 0;

    public static HttpOutcome Parse(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[^1] is not ("open" or "close" or "switch" or "any"))
        {
            throw new FormatException($"an outcome ends with open, close, switch or any: {text}");
        }

        return new HttpOutcome([.. words[..^1].SelectMany(Answer)], words[^1]);
    }

    /// <summary>Whether these statuses, and the connection's state after them, are this outcome.</summary>
    public bool Fits(IReadOnlyList<int> statuses, string end)
    {
        IReadOnlyList<int> seen = statuses.Count == 0 ? [Drop] : statuses;
        return seen.Count == Answers.Count
            && seen.Zip(Answers).All(pair => pair.Second.Contains(pair.First))
            && (End == "any" || End == end);
    }

    /// <summary>"400|501" is one answer, "200*100" a hundred.</summary>
    private static IEnumerable<IReadOnlyList<int>> Answer(string word)
    {
        string[] parts = word.Split('*');
        int[] codes = [.. parts[0].Split('|').Select(one => one == "drop" ? Drop : int.Parse(one, NumberStyles.None, CultureInfo.InvariantCulture))];
        return Enumerable.Repeat(codes, parts.Length == 1 ? 1 : int.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture));
    }

    public override string ToString() => Answers.Count > 10 ? $"{Answers.Count} answers {End}" : string.Join(' ', [.. Answers.Select(codes => string.Join('|', codes.Select(code => code == Drop ? "drop" : code.ToString(CultureInfo.InvariantCulture)))), End]);
}
