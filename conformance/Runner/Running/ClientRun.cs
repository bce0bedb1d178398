using System.Globalization;

namespace Conformance;

/// <summary>The cases against a client: the repository's own, or any that comes to the port.</summary>
internal static class ClientRun
{
    private const string Project = "conformance/TestClient";
    private static readonly TimeSpan RunLimit = TimeSpan.FromHours(1);
    private static readonly AcceptedOutcomes Accepted = AcceptedOutcomes.Read();

    /// <returns>Whether every case is OK.</returns>
    public static async Task<bool> RunAsync(RunnerOptions options, IReadOnlyList<ConformanceCase> cases, string reportFolder, CancellationToken cancellationToken)
    {
        bool isOwn = options.ListenPort == 0;
        string title = isOwn ? "WebSocketClient" : "the client that comes";
        ProgressLine progress = new(title, cases.Count);
        if (isOwn && options.Builds)
        {
            await ProgramUnderTest.BuildAsync(Project);
        }

        await using FuzzingServer server = new(options.ListenPort, cases, options.Patience, progress.Tell);
        bool isOk = isOwn ? await RunOwnAsync(server, cancellationToken) : await WaitAsync(server, cancellationToken);
        IReadOnlyList<CaseResult> results = server.Results;
        string report = Path.Combine(reportFolder, "client.html");
        HtmlReport.Write(report, string.Create(CultureInfo.InvariantCulture, $"WebSocket conformance: {title}"), results);
        Console.Write(SectionTable.Of(title, results));
        Console.WriteLine($"report: {Path.GetRelativePath(Environment.CurrentDirectory, report)}");
        foreach (CaseResult result in results.Where(result => !result.IsAccepted && Passes(result)))
        {
            Console.WriteLine($"accepted by name: {result.Case.Id} {result.Behavior.Name()}: {Accepted.NonStrict["client"][result.Case.Id.ToString()]}");
        }

        return isOk && results.All(Passes);
    }

    /// <summary>OK, or NON-STRICT where that is written down with its reason.</summary>
    private static bool Passes(CaseResult result) =>
        result.IsAccepted || (result.CloseBehavior == Verdict.Ok && Accepted.Accepts("client", result.Case.Id.ToString(), result.Behavior.Name()));

    private static async Task<bool> RunOwnAsync(FuzzingServer server, CancellationToken cancellationToken)
    {
        await using ProgramUnderTest client = ProgramUnderTest.Start(Project, ["--url", $"ws://{server.EndPoint}"]);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(RunLimit);
        int code = await client.EndAsync(limit.Token);
        if (code != 0)
        {
            Console.WriteLine($"The client ended with {code}:\n{client.LastLines}");
        }

        return code == 0;
    }

    private static async Task<bool> WaitAsync(FuzzingServer server, CancellationToken cancellationToken)
    {
        Console.WriteLine($"fuzzing at ws://{server.EndPoint}, until /updateReports");
        await server.Done.WaitAsync(RunLimit, cancellationToken);
        return true;
    }
}
