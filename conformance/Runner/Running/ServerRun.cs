using System.Globalization;

namespace Conformance;

/// <summary>The cases against a server: the repository's own over each transport, or one that runs elsewhere.</summary>
internal static class ServerRun
{
    public const string Project = "conformance/TestServer";

    /// <returns>Whether every case is OK.</returns>
    public static async Task<bool> RunAsync(RunnerOptions options, IReadOnlyList<ConformanceCase> cases, string reportFolder, CancellationToken cancellationToken)
    {
        if (options.Url is Uri url)
        {
            return await RunAsync(options, cases, $"server at {url}", url, Path.Combine(reportFolder, "server.html"), cancellationToken);
        }

        if (options.Builds)
        {
            await ProgramUnderTest.BuildAsync(Project);
        }

        bool isOk = true;
        foreach ((string transport, string? tls) in options.Transports.SelectMany(transport => options.TlsBackends.Select(tls => (transport, tls))))
        {
            await using ProgramUnderTest server = StartServer(transport, tls);
            Uri own = new($"{(tls is null ? "ws" : "wss")}://{await server.ReadyAsync()}/");
            (string title, string report) = tls is null ? ("", "") : ($", TLS by {tls}", $"-{tls}");
            isOk &= await RunAsync(options, cases, $"TestServer over {transport}{title}", own, Path.Combine(reportFolder, $"server-{transport}{report}.html"), cancellationToken);
            if (server.HasEnded)
            {
                Console.WriteLine($"The server ended during the run:\n{server.LastLines}");
                isOk = false;
            }
        }

        return isOk;
    }

    /// <summary>The echo server under test; ready with the end point it listens on.</summary>
    public static ProgramUnderTest StartServer(string transport, string? tls = null)
    {
        string[] secured = tls is null ? [] : ["--tls", "--tls-backend", tls];
        return ProgramUnderTest.Start(Project, ["--deflate", "--port", "0", "--transport", transport, .. secured], "listening on ");
    }

    private static async Task<bool> RunAsync(RunnerOptions options, IReadOnlyList<ConformanceCase> cases, string title, Uri url, string report, CancellationToken cancellationToken)
    {
        ProgressLine progress = new(title, cases.Count);
        ClientCaseRunner runner = new(url, options.Patience);
        IReadOnlyList<CaseResult> results = await runner.RunAsync(cases, options.Parallel, progress.Tell, cancellationToken);
        HtmlReport.Write(report, string.Create(CultureInfo.InvariantCulture, $"WebSocket conformance: {title}"), results);
        Console.Write(SectionTable.Of(title, results));
        Console.WriteLine($"report: {Path.GetRelativePath(Environment.CurrentDirectory, report)}");
        return results.All(result => result.IsAccepted);
    }
}
