using Engine.Bench;
using Spectre.Console;

if (BenchOptions.Parse(args) is not { } options)
{
    return 2;
}

if (!OperatingSystem.IsLinux() || Environment.ProcessorCount < 2)
{
    Console.Error.WriteLine("The benchmarks need Linux and two processors.");
    return 1;
}

using var report = new StringWriter();
report.WriteLine(Machine.Describe(options));
string results = Directory.CreateDirectory(Path.Combine(Tools.Root, "bench", "results")).FullName;
bool isGood = true;
switch (options.Scenario)
{
    case "scale":
        await ScaleScenario.RunAsync(options, report);
        break;
    case "crowd":
        CrowdScenario.Run(options, report);
        break;
    case "backplane":
        await BackplaneScenario.RunAsync(options, report);
        break;
    case "slowloris":
        await SlowlorisScenario.RunAsync(options, report);
        break;
    case "soak":
        isGood = await SoakScenario.RunAsync(options, report, Path.Combine(results, "soak.svg"));
        break;
    case "storm":
        isGood = await StormScenario.RunAsync(options, report);
        break;
    case "alloc":
        AllocationScenario.Run(options, report);
        break;
    case "cold":
        ColdScenario.Run(options, report, results);
        break;
    case "wrk":
        WrkScenario.Run(options, report);
        break;
    default:
        isGood = Compare(options, report, results);
        break;
}

Console.WriteLine(report);
string suffix = options.Cores == 2 ? "-2-cores" : "";
File.WriteAllText(Path.Combine(results, $"{options.Scenario}{suffix}.md"), report.ToString());
return isGood ? 0 : 1;

static bool Compare(BenchOptions options, TextWriter report, string results)
{
    string[] names = options.Scenario == "tour" ? ["raw", "echo", "plain", "pipelined", "sse", "topics", "churn", "slow", "tls"] : [options.Scenario];
    Comparison[] comparisons = [.. names.SelectMany(name => Comparisons.Find(name, options))];
    if (comparisons.Any(static one => one.IsTls))
    {
        Tools.WriteCertificate();
    }

    var measured = new List<(Comparison Comparison, Series[] Rows)>();
    IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    console.Progress().Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }).Start(progress =>
    {
        ProgressTask[] tasks = [.. comparisons.Select(one => progress.AddTask(one.Name, autoStart: false))];
        for (int i = 0; i < comparisons.Length; i++)
        {
            tasks[i].StartTask();
            measured.Add((comparisons[i], comparisons[i].Run(options, tasks[i])));
            tasks[i].Value = tasks[i].MaxValue;
            tasks[i].StopTask();
        }
    });
    report.WriteLine($"Peers: {Machine.DescribePeers(comparisons.SelectMany(static one => one.Peers))}");
    for (int i = 0; i < measured.Count; i++)
    {
        (Comparison comparison, Series[] rows) = measured[i];
        ResultTable.Write(report, comparison, rows, options);
        int part = measured.Take(i).Count(other => other.Comparison.Name == comparison.Name);
        string file = $"{(options.Scenario == "tour" ? "tour-" : "")}{comparison.Name}{(part > 0 ? $"-{part + 1}" : "")}{(options.Cores == 2 ? "-2-cores" : "")}.svg";
        File.WriteAllText(Path.Combine(results, file), BarPlot.Draw(comparison.Title, Machine.Describe(options), rows));
        report.WriteLine($"\n![{comparison.Title}]({file})");
    }

    ResultTable.WriteDeficits(report, measured);
    return !options.IsChecked || RatioCheck.Run(measured, report);
}
