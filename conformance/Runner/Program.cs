using Conformance;

RunnerOptions options;
IReadOnlyList<ConformanceCase> cases;
try
{
    options = RunnerOptions.Parse(args);
    cases = options.IsHttp ? [] : options.Select(CaseCatalogue.Build(options.Scale));
}
catch (Exception e) when (e is FormatException or UriFormatException)
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(RunnerOptions.Usage);
    return 2;
}

using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    stop.Cancel();
};

string reportFolder = Path.GetFullPath(options.ReportFolder ?? Path.Combine(Repository.Root, "artifacts", "conformance"));
if (options.IsList)
{
    foreach (ConformanceCase one in cases)
    {
        Console.WriteLine($"{one.Id,-8} {one.Description} {one.Expectation}");
    }

    return 0;
}

try
{
    if (options.GateFile is string gate)
    {
        return ReportGate.Check(gate, options.IsClient ? "client" : "server", AcceptedOutcomes.Read()) ? 0 : 1;
    }

    if (options.IsAutobahn)
    {
        return await OfficialSuite.RunAsync(options, stop.Token);
    }

    Task<bool> run = options.IsHttp ? HttpRun.RunAsync(options, reportFolder, stop.Token)
        : options.IsClient ? ClientRun.RunAsync(options, cases, reportFolder, stop.Token)
        : ServerRun.RunAsync(options, cases, reportFolder, stop.Token);
    return await run ? 0 : 1;
}
catch (InvalidOperationException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}
