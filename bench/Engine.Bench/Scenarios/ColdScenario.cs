using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Engine.Bench;

/// <summary>
/// GET /plain from the moment at which a new process listens, second by second: what compiling while it serves costs a server. Each round starts each server anew, on one
/// core, with the load on another; the figures are medians of the rounds.
/// </summary>
internal static class ColdScenario
{
    private static readonly string[] Known = ["engine", "engine-r2r", "engine-r2r-static", "engine-aot", "kestrel", "kestrel-aot", "bun"];

    public static void Run(BenchOptions options, TextWriter report, string results)
    {
        string[] names = options.Peers.Length > 0 ? options.Peers : Known;
        int seconds = options.Seconds == 3 ? 10 : (int)options.Seconds, connections = options.Connections is [int count, ..] ? count : 100;

        // All that has to be built is built before anything is measured.
        Peer[] peers = [.. names.Select(static name => Peer.Find("cold", name))];
        _ = Tools.LoadGenerator(isTls: false);
        List<Start>[] rounds = [.. peers.Select(static _ => new List<Start>())];
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress().Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }).Start(progress =>
        {
            ProgressTask task = progress.AddTask("cold", maxValue: options.Rounds * peers.Length);
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int i = 0; i < peers.Length; i++)
                {
                    task.Description = $"cold: {names[i]}, round {round + 1}";
                    rounds[i].Add(Measure(peers[i], seconds, connections));
                    task.Increment(1);
                }
            }
        });

        report.WriteLine($"Peers: {Machine.DescribePeers(names)}");
        report.WriteLine(FormattableString.Invariant($"\n## GET /plain in the first {seconds} seconds of a process\n"));
        report.WriteLine(FormattableString.Invariant(
            $"{options.Rounds} alternating rounds, each with a new process, medians; {connections} connections, closed loop, server on CPU 0, load on CPU 1. r2r is ReadyToRun, r2r-static the same with `DOTNET_TieredPGO=0`, aot is NativeAOT.\n"));
        Table(report, "Server CPU microseconds a request, in each second", names, rounds, seconds, static (start, second) => start.CpuMicroseconds[second], "F2");
        Table(report, "Requests, in each second", names, rounds, seconds, static (start, second) => start.Requests[second], "N0");
        report.WriteLine("\n### From the start of the process\n");
        report.WriteLine("| server | it listens after, ms | CPU until then, ms |");
        report.WriteLine("| --- | --- | --- |");
        for (int i = 0; i < names.Length; i++)
        {
            report.WriteLine(FormattableString.Invariant($"| {names[i]} | {Median(rounds[i], static start => start.Milliseconds):F0} | {Median(rounds[i], static start => start.CpuMilliseconds):F0} |"));
        }

        string plot = LinePlot.Draw(
            "Server CPU us a request by second, GET /plain", [.. names.Select((name, i) => (name, (double[])[.. Enumerable.Range(0, seconds).Select(second => Median(rounds[i], start => start.CpuMicroseconds[second]))]))]);
        File.WriteAllText(Path.Combine(results, "cold.svg"), plot);
        report.WriteLine("\n![Server CPU us a request by second](cold.svg)");
    }

    private static void Table(TextWriter report, string title, string[] names, List<Start>[] rounds, int seconds, Func<Start, int, double> figure, string format)
    {
        report.WriteLine($"\n### {title}\n");
        report.WriteLine($"| server | {string.Join(" | ", Enumerable.Range(1, seconds))} |");
        report.WriteLine($"| --- |{string.Concat(Enumerable.Repeat(" --- |", seconds))}");
        for (int i = 0; i < names.Length; i++)
        {
            IEnumerable<string> cells = Enumerable.Range(0, seconds).Select(second => Median(rounds[i], start => figure(start, second)).ToString(format, CultureInfo.InvariantCulture));
            report.WriteLine($"| {names[i]} | {string.Join(" | ", cells)} |");
        }
    }

    private static Start Measure(Peer peer, int seconds, int connections)
    {
        long started = Stopwatch.GetTimestamp();
        using ServerUnderTest server = ServerUnderTest.Start(peer, "0", new PeerStart());
        var result = new Start(Stopwatch.GetElapsedTime(started).TotalMilliseconds, server.CpuSeconds * 1000, [], []);
        double cpuBefore = 0;
        long requestsBefore = 0;
        LoadGenerator.Run(
            server,
            "1",
            ["http", "--ticks", "--warm-up", "0", "--seconds", seconds.ToString(CultureInfo.InvariantCulture), "--connections", connections.ToString(CultureInfo.InvariantCulture)],
            () => cpuBefore = server.CpuSeconds,
            ticked: requests =>
            {
                double cpu = server.CpuSeconds;
                result.Requests.Add(requests - requestsBefore);
                result.CpuMicroseconds.Add((cpu - cpuBefore) * 1e6 / Math.Max(requests - requestsBefore, 1));
                (cpuBefore, requestsBefore) = (cpu, requests);
            });
        return result;
    }

    private static double Median(List<Start> starts, Func<Start, double> figure)
    {
        double[] sorted = [.. starts.Select(figure).Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>One process.</summary>
    private sealed record Start(double Milliseconds, double CpuMilliseconds, List<double> Requests, List<double> CpuMicroseconds);
}
