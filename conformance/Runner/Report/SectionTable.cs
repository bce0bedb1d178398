using System.Globalization;
using System.Text;

namespace Conformance;

/// <summary>Counts by section, for people.</summary>
internal static class SectionTable
{
    public static string Of(string title, IReadOnlyList<CaseResult> results)
    {
        StringBuilder text = new();
        text.Append('\n').Append(title).Append('\n');
        text.Append("section                          cases     ok  non-strict  informational  failed  seconds\n");
        foreach (IGrouping<int, CaseResult> section in results.GroupBy(result => result.Case.Id.Section).OrderBy(group => group.Key))
        {
            Row(text, string.Create(CultureInfo.InvariantCulture, $"{section.Key,2} {CaseCatalogue.SectionNames[section.Key]}"), [.. section]);
        }

        Row(text, "all", results);
        int accepted = results.Count(result => result.IsAccepted);
        text.Append(CultureInfo.InvariantCulture, $"{accepted} of {results.Count} cases OK\n");
        return text.ToString();
    }

    /// <summary>Why a case is not OK, in a few lines.</summary>
    public static string Complaint(CaseResult result)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{result.Case.Id} {result.Behavior.Name()} / close {result.CloseBehavior.Name()}: {result.Case.Description}\n");
        text.Append("    ").Append(result.Result);
        if (result.CloseResult != result.Result)
        {
            text.Append(' ').Append(result.CloseResult);
        }

        return text.ToString();
    }

    private static void Row(StringBuilder text, string name, IReadOnlyList<CaseResult> results)
    {
        int informational = results.Count(result => result.IsAccepted && result.Behavior == Verdict.Informational);
        int ok = results.Count(result => result.IsAccepted) - informational;
        int nonStrict = results.Count(result => result.Behavior == Verdict.NonStrict && result.CloseBehavior == Verdict.Ok);
        int failed = results.Count - ok - informational - nonStrict;
        double seconds = results.Sum(result => result.Duration.TotalSeconds);
        text.Append(CultureInfo.InvariantCulture, $"{name,-32} {results.Count,5} {ok,6} {nonStrict,11} {informational,14} {failed,7} {seconds,8:F1}\n");
    }
}
