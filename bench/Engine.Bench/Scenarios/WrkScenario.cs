using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Bench;

/// <summary>GET /plain by this load generator and by wrk, in turns on the same servers: whether the two agree, and what each costs.</summary>
internal static partial class WrkScenario
{
    public static void Run(BenchOptions options, TextWriter report)
    {
        Tools.NeedProgram("wrk", "wrk");
        string[] peers = options.Peers.Length > 0 ? options.Peers : ["engine", "beast", "bun", "kestrel"];
        int connections = options.Connections is [int count, ..] ? count : 100;
        report.WriteLine(FormattableString.Invariant($"\n## GET /plain by two load generators, {connections} connections, {options.Rounds} alternating rounds of {options.Seconds} s, medians\n"));
        report.WriteLine("| server | load a second | wrk a second | load to wrk, round by round | server CPU us each, load | the same, wrk | load's own CPU us each |");
        report.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (string peer in peers)
        {
            using ServerUnderTest server = ServerUnderTest.Start(Peer.Find("plain", peer), "0", new PeerStart());
            Series load = new(peer, "load"), wrk = new(peer, "wrk");
            string[] arguments = ["http", "--connections", connections.ToString(CultureInfo.InvariantCulture), "--seconds", options.Seconds.ToString(CultureInfo.InvariantCulture)];
            LoadGenerator.Run(server, "1", arguments);
            for (int round = 0; round < options.Rounds; round++)
            {
                Console.Error.WriteLine($"{peer}, round {round + 1} of {options.Rounds}");
                load.Add(LoadGenerator.Run(server, "1", arguments));
                wrk.Add(Wrk(server, connections, options.Seconds));
            }

            report.WriteLine(FormattableString.Invariant(
                $"| {peer} | {load.Median(static round => round.Rate):N0} | {wrk.Median(static round => round.Rate):N0} | {load.Ratio(wrk, static round => round.Rate):F2} | {load.Median(static round => round.CpuMicroseconds):F2} | {wrk.Median(static round => round.CpuMicroseconds):F2} | {load.Median(static round => round.LoadCpuMicroseconds):F2} |"));
        }
    }

    private static Measurement Wrk(ServerUnderTest server, int connections, double seconds)
    {
        double before = server.CpuSeconds;
        string output = Tools.Run("taskset", ["-c", "1", "wrk", "-t1", FormattableString.Invariant($"-c{connections}"), FormattableString.Invariant($"-d{seconds}s"), FormattableString.Invariant($"http://127.0.0.1:{server.Port}/plain")]);
        double cpu = server.CpuSeconds - before;
        double requests = double.Parse(Requests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        double rate = double.Parse(Rate().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        return new Measurement(rate, cpu * 1e6 / requests, cpu / seconds, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);
    }

    [GeneratedRegex(@"([0-9]+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex Rate();
}
