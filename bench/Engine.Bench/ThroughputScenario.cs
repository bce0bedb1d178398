using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Engine.Bench;

/// <summary>raw, echo and plain: the server on CPU 0, the load on CPU 1, rounds that alternate between the peers.</summary>
internal static partial class ThroughputScenario
{
    public static void Run(string scenario, BenchOptions options, TextWriter report)
    {
        string[] names = options.Peers.Length > 0 ? options.Peers : scenario switch
        {
            "raw" => ["c", "engine", "engine-sockets"],
            _ => ["engine", "engine-sockets", "kestrel", "bun", "deno", "ws"],
        };
        int[] connections = options.Connections.Length > 0 ? options.Connections : scenario == "plain" ? [100] : [100, 4000];
        report.WriteLine($"\n{scenario}: {options.Size} bytes, {options.Batch} a batch, {options.Rounds} alternating rounds of {options.Seconds} s, server on CPU 0, load on CPU 1\n");
        report.WriteLine("| connections | server | a second | spread | server CPU us each | rate to first | CPU to first | p50 us | p99 us | load CPU us each |");
        report.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (int count in connections)
        {
            Series[] series = [.. names.Select(name => new Series(name, count))];
            for (int round = 0; round < options.Rounds; round++)
            {
                foreach (Series one in series)
                {
                    Console.Error.Write($"\r{scenario} {count} connections, round {round + 1} of {options.Rounds}: {one.Peer}          ");
                    using ServerUnderTest server = ServerUnderTest.Start(Peer.Find(scenario, one.Peer));
                    one.Add(scenario == "plain" ? Wrk(server, count, options) : Load(scenario, server, count, options));
                }
            }

            Console.Error.WriteLine();
            foreach (Series one in series)
            {
                report.WriteLine(one.Row(series[0]));
            }
        }
    }

    private static Measurement Load(string scenario, ServerUnderTest server, int connections, BenchOptions options)
    {
        string program = Tools.Compile("Load/load.c", "load");
        string[] arguments =
        [
            "-c", "1", program, scenario == "raw" ? "raw" : "ws", Text(server.Port), Text(connections), options.Seconds.ToString(CultureInfo.InvariantCulture), Text(options.Size), Text(options.Batch),
        ];
        using var load = Process.Start(new ProcessStartInfo("taskset", arguments) { RedirectStandardOutput = true })!;
        double before = 0;
        while (load.StandardOutput.ReadLine() is { } line)
        {
            if (line == "begin")
            {
                before = server.CpuSeconds;
            }
            else if (line.StartsWith('{'))
            {
                double cpu = server.CpuSeconds - before;
                load.WaitForExit();
                JsonElement result = JsonSerializer.Deserialize<JsonElement>(line);
                double messages = result.GetProperty("messages").GetDouble();
                return new Measurement(
                    messages / result.GetProperty("seconds").GetDouble(),
                    cpu * 1e6 / messages,
                    result.GetProperty("p50").GetDouble(),
                    result.GetProperty("p99").GetDouble(),
                    result.GetProperty("cpu").GetDouble() * 1e6 / messages);
            }
        }

        throw new InvalidOperationException("The load generator ended without a result.");
    }

    private static Measurement Wrk(ServerUnderTest server, int connections, BenchOptions options)
    {
        Tools.NeedProgram("wrk", "wrk");
        string url = $"http://127.0.0.1:{server.Port}/plain";
        string[] script = [];
        if (options.Batch > 1)
        {
            string path = Path.Combine(Tools.Artifacts, "pipeline.lua");
            File.WriteAllText(path, $"init = function() local r = {{}} for i = 1, {options.Batch} do r[i] = wrk.format(nil) end request_all = table.concat(r) end\nrequest = function() return request_all end\n");
            script = ["-s", path];
        }

        string[] Arguments(double seconds) => ["-c", "1", "wrk", "-t1", $"-c{connections}", $"-d{seconds.ToString(CultureInfo.InvariantCulture)}s", "--latency", .. script, url];
        Tools.Run("taskset", Arguments(1));
        double before = server.CpuSeconds;
        string output = Tools.Run("taskset", Arguments(options.Seconds));
        double cpu = server.CpuSeconds - before;
        double requests = double.Parse(Requests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        double rate = double.Parse(Rate().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        return new Measurement(rate, cpu * 1e6 / requests, Microseconds(Median().Match(output)), Microseconds(Late().Match(output)), double.NaN);
    }

    private static double Microseconds(Match match)
    {
        double value = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch { "us" => value, "ms" => value * 1000, _ => value * 1e6 };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"([0-9]+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"50%\s+([0-9.]+)(us|ms|s)")]
    private static partial Regex Median();

    [GeneratedRegex(@"99%\s+([0-9.]+)(us|ms|s)")]
    private static partial Regex Late();
}
