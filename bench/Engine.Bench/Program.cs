using System.Runtime.InteropServices;
using Engine.Bench;

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
report.WriteLine($"`{options.CommandLine}` on {DateTime.UtcNow:yyyy-MM-dd}, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} processors");
switch (options.Scenario)
{
    case "scale":
        await ScaleScenario.RunAsync(options, report);
        break;
    case "slowloris":
        await SlowlorisScenario.RunAsync(options, report);
        break;
    case "tour":
        foreach (string scenario in (string[])["raw", "echo", "plain"])
        {
            ThroughputScenario.Run(scenario, options, report);
        }

        break;
    default:
        ThroughputScenario.Run(options.Scenario, options, report);
        break;
}

Console.WriteLine(report);
string results = Directory.CreateDirectory(Path.Combine(Tools.Root, "bench", "results")).FullName;
File.WriteAllText(Path.Combine(results, $"{options.Scenario}.md"), report.ToString());
return 0;
