namespace Engine.Bench;

/// <summary>The rounds of one server in one case: a row of the table.</summary>
internal sealed class Series(string caseName, string peer)
{
    private readonly List<Measurement> _rounds = [];

    public string CaseName { get; } = caseName;

    public string Peer { get; } = peer;

    /// <summary>Resident bytes that a connection added when the first round had opened all; NaN when there were too few to tell.</summary>
    public double ResidentBytes { get; set; } = double.NaN;

    /// <summary>A round of its own, because counting disturbs; null when instructions were not counted.</summary>
    public Measurement? Counted { get; set; }

    public double UserInstructions => Counted?.UserInstructions ?? double.NaN;

    public double KernelInstructions => Counted?.KernelInstructions ?? double.NaN;

    public double LowestRate => _rounds.Min(static round => round.Rate);

    public double HighestRate => _rounds.Max(static round => round.Rate);

    public void Add(Measurement round) => _rounds.Add(round);

    public double Median(Func<Measurement, double> value) => Median(_rounds.Select(value));

    /// <summary>Round by round, because the machine may be twice as fast a minute later; the median of that.</summary>
    public double Ratio(Series other, Func<Measurement, double> value)
        => Median(_rounds.Select(value).Zip(other._rounds.Select(value), static (mine, theirs) => mine / theirs));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
