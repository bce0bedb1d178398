using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Conformance;

/// <summary>Counts by section, for people.</summary>
internal static class SectionTable
{
    public static string Of(string title, IReadOnlyList<CaseResult> results)
    {
        Table table = TextTable.Create(title, "section", "cases", "ok", "non-strict", "informational", "failed", "seconds");
        foreach (IGrouping<int, CaseResult> section in results.GroupBy(result => result.Case.Id.Section).OrderBy(group => group.Key))
        {
            Row(table, string.Create(CultureInfo.InvariantCulture, $"{section.Key,2} {CaseCatalogue.SectionNames[section.Key]}"), [.. section]);
        }

        Row(table, "all", results);
        int accepted = results.Count(result => result.IsAccepted);
        return string.Create(CultureInfo.InvariantCulture, $"{TextTable.Render(table)}{accepted} of {results.Count} cases OK\n");
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

    private static void Row(Table table, string name, IReadOnlyList<CaseResult> results)
    {
        int informational = results.Count(result => result.IsAccepted && result.Behavior == Verdict.Informational);
        int ok = results.Count(result => result.IsAccepted) - informational;
        int nonStrict = results.Count(result => result.Behavior == Verdict.NonStrict && result.CloseBehavior == Verdict.Ok);
        int failed = results.Count - ok - informational - nonStrict;
        double seconds = results.Sum(result => result.Duration.TotalSeconds);
        table.AddRow(
            Markup.Escape(name), Text(results.Count), Text(ok), Text(nonStrict), Text(informational), Text(failed), seconds.ToString("F1", CultureInfo.InvariantCulture));
    }

    private static string Text(int count) => count.ToString(CultureInfo.InvariantCulture);
}
