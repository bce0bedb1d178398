using System.Runtime.InteropServices;

namespace Engine.Bench;

/// <summary>Where and with what a result was measured, without which it says nothing.</summary>
internal static class Machine
{
    public static string Describe(BenchOptions options)
    {
        string processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[^1] ?? "an unnamed processor";
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30;
        return $"`{options.CommandLine}` on {DateTime.UtcNow:yyyy-MM-dd}, {RuntimeInformation.OSDescription}, Linux {Environment.OSVersion.Version}, {RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} x {processor}, {memory} GiB";
    }

    /// <summary>Versions of the peers that a run used, asked of themselves.</summary>
    public static string DescribePeers(IEnumerable<string> peers)
    {
        var versions = new List<string>();
        foreach (string peer in peers.Distinct())
        {
            string? version = peer switch
            {
                "bun" => $"Bun {Tools.Run(Tools.Bun, ["--version"]).Trim()}",
                "deno" => Tools.Run(Tools.Deno, ["--version"]).Split('\n')[0],
                "ws" => $"ws on Node {Tools.Run("node", ["--version"]).Trim()}",
                "beast" => $"Boost.Beast {BoostVersion()}",
                "c" => $"gcc {Tools.Run("gcc", ["-dumpversion"]).Trim()}",
                "kestrel" => "Kestrel of the same .NET",
                "kestrel-aot" => "Kestrel of the same .NET, native",
                "signalr" => "SignalR of the same .NET",
                _ => null,
            };
            if (version is not null)
            {
                versions.Add(version);
            }
        }

        return string.Join(", ", versions);
    }

    private static string BoostVersion()
        => File.ReadLines("/usr/include/boost/version.hpp").First(static line => line.StartsWith("#define BOOST_LIB_VERSION", StringComparison.Ordinal)).Split('"')[1].Replace('_', '.');
}
