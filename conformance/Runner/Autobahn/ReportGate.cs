using System.Text.Json;

namespace Conformance;

/// <summary>Reads the official suite's index.json and says no to everything that is not OK or accepted by name.</summary>
internal static class ReportGate
{
    /// <param name="path">The index.json.</param>
    /// <param name="end">What was under test: "server" or "client".</param>
    /// <param name="accepted">What passes besides OK.</param>
    /// <returns>Whether every agent in the report ran every case, and each passed.</returns>
    public static bool Check(string path, string end, AcceptedOutcomes accepted)
    {
        if (!File.Exists(path))
        {
            Console.WriteLine($"no report: {path}");
            return false;
        }

        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(path));
        JsonProperty[] agents = [.. report.RootElement.EnumerateObject()];
        bool isOk = agents.Length > 0;
        foreach (JsonProperty agent in agents)
        {
            JsonProperty[] cases = [.. agent.Value.EnumerateObject()];
            int badCount = 0;
            foreach (JsonProperty one in cases.OrderBy(one => CaseId.Parse(one.Name)))
            {
                string behavior = one.Value.GetProperty("behavior").GetString()!;
                string close = one.Value.GetProperty("behaviorClose").GetString()!;
                if (!accepted.Accepts(end, one.Name, behavior) || close is not ("OK" or "INFORMATIONAL"))
                {
                    badCount++;
                    Console.WriteLine($"{agent.Name} {one.Name}: {behavior} / close {close}");
                }
            }

            Console.WriteLine($"{agent.Name}: {cases.Length - badCount} of {accepted.CaseCount} cases pass the gate");
            isOk &= badCount == 0 && cases.Length == accepted.CaseCount;
        }

        return isOk;
    }
}
