using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Engine.Bench;

/// <summary>
/// Idle WebSocket connections by the hundred thousand: several server processes share one port (a process may hold 20,000 descriptors), several client
/// processes use many source addresses. Prints what a connection costs, and how the servers answer meanwhile.
/// </summary>
internal static class ScaleScenario
{
    private const int PerProcess = 14_500;

    public static async Task RunAsync(BenchOptions options, TextWriter report)
    {
        int total = options.Connections.Length > 0 ? options.Connections[0] : 100_000;
        string transport = options.Transport == "sockets" ? "engine-sockets" : "engine";
        int processCount = (total + PerProcess - 1) / PerProcess;
        string load = Tools.LoadGenerator(isTls: false);
        using var servers = new ServerGroup(Peer.Find("scale", transport), processCount);
        int port = servers.Port;
        var clients = new List<Process>();
        try
        {
            (long managedBefore, long residentBefore, _) = await CostAsync(servers);
            var watch = Stopwatch.StartNew();
            for (int i = 0; i < processCount; i++)
            {
                int count = (total / processCount) + (i < total % processCount ? 1 : 0);
                clients.Add(Process.Start(new ProcessStartInfo(load, ["idle", "--port", Text(port), "--connections", Text(count), "--source", Text(2 + (i * 4))]) { RedirectStandardOutput = true, RedirectStandardInput = true })!);
            }

            foreach (Process client in clients)
            {
                string? line = await client.StandardOutput.ReadLineAsync();
                if (line?.StartsWith("open", StringComparison.Ordinal) != true)
                {
                    throw new InvalidOperationException("A client could not open its connections.");
                }
            }

            double seconds = watch.Elapsed.TotalSeconds;
            Console.Error.WriteLine($"{total} open after {seconds:F1} s");
            (long managed, long resident, long connections) = await CostAsync(servers);
            double cpuBefore = servers.CpuSeconds;
            await Task.Delay(TimeSpan.FromSeconds(10));
            double idle = (servers.CpuSeconds - cpuBefore) / 10;
            var samples = new List<(double P50, double P99)>();
            foreach (Process client in clients)
            {
                await client.StandardInput.WriteLineAsync($"echo {Math.Max(total / processCount / 100, 1)}");
                await client.StandardInput.FlushAsync();
                string[] parts = (await client.StandardOutput.ReadLineAsync())!.Split(' ');
                samples.Add((double.Parse(parts[2], CultureInfo.InvariantCulture), double.Parse(parts[3], CultureInfo.InvariantCulture)));
            }

            report.WriteLine($"\nscale: {total} idle WebSocket connections, {processCount} server processes on one port ({transport})\n");
            report.WriteLine("| figure | value |");
            report.WriteLine("| --- | --- |");
            report.WriteLine(FormattableString.Invariant($"| connections open at the servers | {connections:N0} |"));
            report.WriteLine(FormattableString.Invariant($"| connected and upgraded a second | {total / seconds:N0} |"));
            report.WriteLine(FormattableString.Invariant($"| managed bytes a connection | {(double)(managed - managedBefore) / total:F0} |"));
            report.WriteLine(FormattableString.Invariant($"| resident bytes a connection | {(double)(resident - residentBefore) / total:F0} |"));
            report.WriteLine(FormattableString.Invariant($"| echo p50 on 1 % of them | {samples.Average(static sample => sample.P50):F0} us |"));
            report.WriteLine(FormattableString.Invariant($"| echo p99 on 1 % of them, worst process | {samples.Max(static sample => sample.P99):F0} us |"));
            report.WriteLine(FormattableString.Invariant($"| CPU of all servers while idle | {idle * 100:F2} % of a core |"));
        }
        finally
        {
            foreach (Process client in clients)
            {
                client.Kill();
                client.Dispose();
            }
        }
    }

    private static async Task<(long Managed, long Resident, long Connections)> CostAsync(ServerGroup servers)
    {
        IReadOnlyCollection<JsonElement> all = await servers.StatsAsync();
        return (
            all.Sum(static stats => stats.GetProperty("managedBytes").GetInt64()),
            servers.ResidentBytes,
            all.Sum(static stats => stats.GetProperty("connections").GetInt64() - 1));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
