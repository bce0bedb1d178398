using System.Globalization;
using System.Net;
using System.Text;
using Spectre.Console;

namespace Conformance;

/// <summary>The request vectors against a server: the repository's own over each transport, or one that runs elsewhere.</summary>
internal static class HttpRun
{
    /// <returns>Whether every outcome is lawful.</returns>
    public static async Task<bool> RunAsync(RunnerOptions options, string reportFolder, CancellationToken cancellationToken)
    {
        IReadOnlyList<HttpVector> vectors = HttpVectorFile.ReadAll(Path.Combine(Repository.Root, "conformance", "Http1"));
        vectors = [.. vectors.Where(vector => options.Selection.Count == 0 || options.Selection.Any(name => vector.Id.Contains(name, StringComparison.OrdinalIgnoreCase) || vector.Group == name))];
        if (options.Url is Uri url)
        {
            return await RunAsync(options, vectors, $"server at {url}", url, Path.Combine(reportFolder, "http.html"), cancellationToken);
        }

        if (options.Builds)
        {
            await ProgramUnderTest.BuildAsync(ServerRun.Project);
        }

        bool isOk = true;
        foreach (string transport in options.Transports)
        {
            await using ProgramUnderTest server = ServerRun.StartServer(transport);
            Uri own = new($"http://{await server.ReadyAsync()}/");
            isOk &= await RunAsync(options, vectors, $"TestServer over {transport}", own, Path.Combine(reportFolder, $"http-{transport}.html"), cancellationToken);
            if (server.HasEnded)
            {
                Console.WriteLine($"The server ended during the run:\n{server.LastLines}");
                isOk = false;
            }
        }

        return isOk;
    }

    private static async Task<bool> RunAsync(RunnerOptions options, IReadOnlyList<HttpVector> vectors, string title, Uri url, string report, CancellationToken cancellationToken)
    {
        HttpVectorRunner runner = new(url, options.Patience);
        HttpVectorResult[] results = new HttpVectorResult[vectors.Count];
        ParallelOptions several = new() { MaxDegreeOfParallelism = options.Parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(Enumerable.Range(0, vectors.Count), several, async (i, token) => results[i] = await runner.RunAsync(vectors[i], token));
        Print(title, results);
        Write(report, title, results);
        Console.WriteLine($"report: {Path.GetRelativePath(Environment.CurrentDirectory, report)}");
        return results.All(result => result.Fault is null);
    }

    private static void Print(string title, HttpVectorResult[] results)
    {
        StringBuilder text = new();
        text.Append('\n').Append(title).Append('\n');
        foreach (IGrouping<string, HttpVectorResult> group in results.GroupBy(result => result.Vector.Group))
        {
            Table table = TextTable.Create(group.Key, "vector", "level", "seen", "verdict");
            foreach (HttpVectorResult result in group)
            {
                table.AddRow(
                    Markup.Escape(result.Vector.Id), Markup.Escape($"{result.Vector.Level}"), Markup.Escape($"{result.Seen}"),
                    Markup.Escape($"{Word(result)}{(result.Fault is null ? "" : ": " + result.Fault)}"));
            }

            text.Append(TextTable.Render(table));
        }

        int lawful = results.Count(result => result.Fault is null);
        text.Append(CultureInfo.InvariantCulture, $"\n{lawful} of {results.Length} vectors OK, {results.Count(result => result.Fault is null && !result.IsWanted)} of them by the second choice\n");
        Console.Write(text);
    }

    private static void Write(string path, string title, HttpVectorResult[] results)
    {
        StringBuilder page = new();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>HTTP/1.1 vectors</title><style>").Append(HtmlReport.Style).Append("</style></head><body>\n");
        page.Append(CultureInfo.InvariantCulture, $"<h1>HTTP/1.1 vectors: {WebUtility.HtmlEncode(title)}</h1>\n<p>{results.Count(result => result.Fault is null)} of {results.Length} OK.</p>\n");
        foreach (IGrouping<string, HttpVectorResult> group in results.GroupBy(result => result.Vector.Group))
        {
            page.Append(CultureInfo.InvariantCulture, $"<h2>{group.Key}</h2>\n<table><tr><th>vector</th><th>level</th><th>expected</th><th>seen</th><th>verdict</th></tr>\n");
            foreach (HttpVectorResult result in group)
            {
                string broke = result.Vector.Seen.Length == 0 ? "" : $"<br><small>{WebUtility.HtmlEncode(result.Vector.Seen)}</small>";
                page.Append(CultureInfo.InvariantCulture, $"<tr><td>{result.Vector.Id}<br>{WebUtility.HtmlEncode(result.Vector.Title)}{broke}</td><td>{result.Vector.Level}</td>");
                page.Append(CultureInfo.InvariantCulture, $"<td>{string.Join("<br>or ", result.Vector.Outcomes)}</td><td>{result.Seen}</td>");
                page.Append(CultureInfo.InvariantCulture, $"<td class=\"{(result.Fault is not null ? "bad" : result.IsWanted ? "ok" : "mild")}\">{Word(result)} {WebUtility.HtmlEncode(result.Fault ?? "")}</td></tr>\n");
            }

            page.Append("</table>\n");
        }

        page.Append("</body></html>\n");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, page.ToString());
    }

    private static string Word(HttpVectorResult result) => result.Fault is not null ? "FAILED" : result.IsWanted ? "OK" : "OK (second choice)";
}
