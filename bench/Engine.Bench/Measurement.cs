namespace Engine.Bench;

/// <summary>One round of one server.</summary>
internal sealed record Measurement(double Rate, double CpuMicroseconds, double P50, double P99, double LoadCpuMicroseconds);

/// <summary>The rounds of one server, as a row of the table.</summary>
internal sealed class Series(string peer, int connections)
{
    private readonly List<Measurement> _rounds = [];

    public string Peer { get; } = peer;

    public int Connections { get; } = connections;

    public double Rate => Median(static round => round.Rate);

    public double CpuMicroseconds => Median(static round => round.CpuMicroseconds);

    public void Add(Measurement round) => _rounds.Add(round);

    public string Row(Series first)
        => FormattableString.Invariant(
            $"| {Connections} | {Peer} | {Rate:N0} | {_rounds.Min(static round => round.Rate):N0} to {_rounds.Max(static round => round.Rate):N0} | {CpuMicroseconds:F2} | {Ratio(first, static round => round.Rate):F2} | {Ratio(first, static round => round.CpuMicroseconds):F2} | {Median(static round => round.P50):F0} | {Median(static round => round.P99):F0} | {Median(static round => round.LoadCpuMicroseconds):F2} |");

    /// <summary>Round by round, because the machine may be twice as fast a minute later; the median of that.</summary>
    private double Ratio(Series first, Func<Measurement, double> value) => Median(_rounds.Select(value).Zip(first._rounds.Select(value), static (mine, other) => mine / other));

    private double Median(Func<Measurement, double> value) => Median(_rounds.Select(value));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
