using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engine.Bench;

/// <summary>bench/ratios.json: how many times a peer's rate the engine has to reach. For local use: a shared machine is no judge.</summary>
internal static partial class RatioCheck
{
    /// <summary>Says which ratios fall short; true when none does.</summary>
    public static bool Run(IEnumerable<(Comparison Comparison, Series[] Rows)> results, TextWriter output)
    {
        string path = Path.Combine(Tools.Root, "bench", "ratios.json");
        Wanted[] all = JsonSerializer.Deserialize(File.ReadAllText(path), Names.Default.WantedArray)!;
        bool isGood = true;
        output.WriteLine("\n## bench/ratios.json\n");
        foreach ((Comparison comparison, Series[] rows) in results)
        {
            foreach (Wanted wanted in all.Where(one => one.Scenario == comparison.Name))
            {
                Series? engine = rows.FirstOrDefault(row => row.CaseName == wanted.Case && row.Peer == wanted.Engine);
                Series? peer = rows.FirstOrDefault(row => row.CaseName == wanted.Case && row.Peer == wanted.Peer);
                if (engine is null || peer is null)
                {
                    continue;
                }

                double rate = engine.Ratio(peer, static round => round.Rate), cpu = engine.Ratio(peer, static round => round.CpuMicroseconds);
                bool isReached = rate >= wanted.MinRate && cpu <= wanted.MaxCpu;
                isGood &= isReached;
                output.WriteLine(FormattableString.Invariant(
                    $"- {(isReached ? "reached" : "FELL SHORT")}: {wanted.Scenario}, {wanted.Case}, {wanted.Engine} to {wanted.Peer}: rate {rate:F2} (at least {wanted.MinRate}), CPU {cpu:F2} (at most {wanted.MaxCpu})"));
            }
        }

        return isGood;
    }

    internal sealed record Wanted(string Scenario, string Case, string Engine, string Peer, double MinRate = 0, double MaxCpu = double.MaxValue);

    [JsonSerializable(typeof(Wanted[]))]
    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    private sealed partial class Names : JsonSerializerContext;
}
