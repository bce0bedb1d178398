using System.Diagnostics;

namespace Engine.Bench;

/// <summary>What the benchmarks need besides .NET: a C compiler, wrk, the npm peers. Built or installed when first used.</summary>
internal static class Tools
{
    public static string Root { get; } = FindRoot();

    public static string Artifacts { get; } = Directory.CreateDirectory(Path.Combine(Root, "artifacts", "bench")).FullName;

    /// <summary>Compiles one of bench's C programs; answers its path.</summary>
    public static string Compile(string source, string name)
    {
        string output = Path.Combine(Artifacts, name);
        string input = Path.Combine(Root, "bench", source);
        if (!File.Exists(output) || File.GetLastWriteTimeUtc(output) < File.GetLastWriteTimeUtc(input))
        {
            NeedProgram("gcc", "gcc libc6-dev");
            Run("gcc", ["-O2", "-o", output, input]);
        }

        return output;
    }

    public static void NeedProgram(string name, string packages)
    {
        if (TryRun("which", [name]))
        {
            return;
        }

        if (Environment.UserName != "root")
        {
            throw new InvalidOperationException($"missing: {name} (Debian: apt-get install {packages})");
        }

        Console.Error.WriteLine($"installing: {packages}");
        Run("sh", ["-c", $"DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends {packages} >/dev/null"]);
    }

    /// <summary>The folder of the npm peers, installed.</summary>
    public static string NodePeers()
    {
        string folder = Path.Combine(Root, "bench", "Peers", "node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "ws")))
        {
            Console.Error.WriteLine("installing: bun, deno, ws from npm");
            Run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder]);
        }

        return folder;
    }

    public static string Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    private static bool TryRun(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The bench does not run inside the repository.");
    }
}
