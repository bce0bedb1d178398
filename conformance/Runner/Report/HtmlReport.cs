using System.Globalization;
using System.Net;
using System.Text;

namespace Conformance;

/// <summary>One page a run: the counts, then every case; those that are not OK with their frames.</summary>
internal static class HtmlReport
{
    public const string Style = """
        body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1a1a1a; }
        table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
        .ok { background: #e2f4e5; } .mild { background: #fff3cf; } .info { background: #e3eefc; } .bad { background: #fbdcdc; }
        pre { background: #f5f5f5; padding: .6rem; overflow-x: auto; font-size: 12px; }
        summary { cursor: pointer; }
        """;

    public static void Write(string path, string title, IReadOnlyList<CaseResult> results)
    {
        StringBuilder page = new();
        int accepted = results.Count(result => result.IsAccepted);
        page.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>").Append(Text(title)).Append("</title><style>").Append(Style).Append("</style></head><body>\n");
        page.Append(CultureInfo.InvariantCulture, $"<h1>{Text(title)}</h1>\n<p>{accepted} of {results.Count} cases OK. {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC.</p>\n");
        AppendCounts(page, results);
        foreach (IGrouping<int, CaseResult> section in results.GroupBy(result => result.Case.Id.Section).OrderBy(group => group.Key))
        {
            page.Append(CultureInfo.InvariantCulture, $"<h2 id=\"s{section.Key}\">{section.Key} {Text(CaseCatalogue.SectionNames[section.Key])}</h2>\n");
            page.Append("<table><tr><th>case</th><th>what the fuzzer does, what it expects</th><th>verdict</th><th>close</th><th class=\"n\">code</th><th class=\"n\">ms</th></tr>\n");
            foreach (CaseResult result in section)
            {
                AppendCase(page, result);
            }

            page.Append("</table>\n");
        }

        page.Append("</body></html>\n");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, page.ToString());
    }

    private static void AppendCounts(StringBuilder page, IReadOnlyList<CaseResult> results)
    {
        Verdict[] verdicts = [.. results.Select(result => result.Behavior).Distinct().Order()];
        page.Append("<table><tr><th>section</th><th class=\"n\">cases</th>");
        foreach (Verdict verdict in verdicts)
        {
            page.Append("<th class=\"n\">").Append(verdict.Name()).Append("</th>");
        }

        page.Append("</tr>\n");
        foreach (IGrouping<int, CaseResult> section in results.GroupBy(result => result.Case.Id.Section).OrderBy(group => group.Key))
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td><a href=\"#s{section.Key}\">{section.Key} {Text(CaseCatalogue.SectionNames[section.Key])}</a></td><td class=\"n\">{section.Count()}</td>");
            foreach (Verdict verdict in verdicts)
            {
                page.Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{section.Count(result => result.Behavior == verdict)}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</table>\n");
    }

    private static void AppendCase(StringBuilder page, CaseResult result)
    {
        page.Append(CultureInfo.InvariantCulture, $"<tr><td>{result.Case.Id}</td><td>{Text(result.Case.Description)}<br><small>{Text(result.Case.Expectation)}</small>");
        if (!result.IsAccepted || result.Behavior == Verdict.Informational)
        {
            page.Append("<br><b>").Append(Text(result.Result)).Append(' ').Append(Text(result.CloseResult == result.Result ? "" : result.CloseResult)).Append("</b>");
        }

        if (result.Log.Count > 0)
        {
            page.Append("<details><summary>frames</summary><pre>").Append(Text(string.Join('\n', result.Log))).Append("</pre></details>");
        }

        page.Append(CultureInfo.InvariantCulture, $"</td><td class=\"{Class(result.Behavior)}\">{result.Behavior.Name()}</td><td class=\"{Class(result.CloseBehavior)}\">{result.CloseBehavior.Name()}</td>");
        page.Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{result.RemoteCloseCode}</td><td class=\"n\">{result.Duration.TotalMilliseconds:F0}</td></tr>\n");
    }

    private static string Class(Verdict verdict) => verdict switch
    {
        Verdict.Ok => "ok",
        Verdict.Informational => "info",
        Verdict.NonStrict => "mild",
        _ => "bad",
    };

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
