namespace Engine.Bench;

/// <summary>Rows as a Markdown table.</summary>
internal static class ResultTable
{
    public static void Write(TextWriter output, Comparison comparison, Series[] rows, BenchOptions options)
    {
        string placing = options.Cores == 1 ? "server on CPU 0, load on CPU 1" : "server and load on both of 2 CPUs, two loops, two load threads";
        string rounds = comparison.IsSideBySide ? "rounds, in which the servers of a case share the core," : "alternating rounds";
        string loop = options.Rate > 0 ? $", open loop at {options.Rate:N0} a second" : "";
        output.WriteLine(FormattableString.Invariant($"\n## {comparison.Title}\n\n{options.Rounds} {rounds} of {options.Seconds} s{loop}, medians; {placing}. Ratios are taken round by round, to the first row of the case.\n"));
        output.WriteLine($"| case | server | {comparison.Unit} a second | from | to | server CPU us each | instructions each, program | and kernel | server busy | rate ratio | CPU ratio | p50 us | p99 us | p99.9 us | resident bytes a connection | load CPU us each |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        Series first = rows[0];
        foreach (Series row in rows)
        {
            if (row.CaseName != first.CaseName)
            {
                first = row;
            }

            output.WriteLine(FormattableString.Invariant(
                $"| {row.CaseName} | {row.Peer} | {row.Median(static round => round.Rate):N0} | {row.LowestRate:N0} | {row.HighestRate:N0} | {row.Median(static round => round.CpuMicroseconds):F2} | {Count(row.UserInstructions)} | {Count(row.KernelInstructions)} | {row.Median(static round => round.Busy):P0} | {row.Ratio(first, static round => round.Rate):F2} | {row.Ratio(first, static round => round.CpuMicroseconds):F2} | {Latency(row.Median(static round => round.P50))} | {Latency(row.Median(static round => round.P99))} | {Latency(row.Median(static round => round.P999))} | {Count(row.ResidentBytes)} | {row.Median(static round => round.LoadCpuMicroseconds):F2} |"));
        }
    }

    /// <summary>A plain list of who was better than the engine, and in what.</summary>
    public static void WriteDeficits(TextWriter output, IEnumerable<(Comparison Comparison, Series[] Rows)> results)
    {
        output.WriteLine("\n## Where the engine is behind\n");
        bool isBehind = false;
        foreach ((Comparison comparison, Series[] rows) in results)
        {
            foreach (Series engine in rows.Where(static row => row.Peer == "engine"))
            {
                foreach (Series peer in rows.Where(row => row.CaseName == engine.CaseName && !row.Peer.StartsWith("engine", StringComparison.Ordinal)))
                {
                    double rate = engine.Ratio(peer, static round => round.Rate), cpu = engine.Ratio(peer, static round => round.CpuMicroseconds);
                    if (rate < 0.99 || cpu > 1.01)
                    {
                        isBehind = true;
                        output.WriteLine(FormattableString.Invariant($"- {comparison.Name}, {engine.CaseName}, {peer.Peer}: {rate:F2} times its rate, {cpu:F2} times its CPU each"));
                    }
                }
            }
        }

        if (!isBehind)
        {
            output.WriteLine("- nowhere in this run");
        }
    }

    private static string Count(double count) => double.IsNaN(count) ? "" : FormattableString.Invariant($"{count:N0}");

    private static string Latency(double microseconds) => microseconds is > 0 and < 1e8 ? FormattableString.Invariant($"{microseconds:F0}") : "";
}
