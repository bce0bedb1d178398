using System.Diagnostics;
using System.Globalization;

namespace Engine.Bench;

/// <summary>
/// The canary tests of Engine.Http1 for minutes instead of seconds: clients that break, stall and leave beside others that look for bytes that are not
/// theirs, on both transports and both ways to schedule handlers. Started as a program, because the bench holds no test code.
/// </summary>
internal static class StormScenario
{
    /// <summary>Cases of the fixture, which share the minutes.</summary>
    private const int CaseCount = 8;

    public static async Task<bool> RunAsync(BenchOptions options, TextWriter report)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { "test", "tests/Engine.Http1.Tests", "-c", "Release", "--nologo", "--filter", "FullyQualifiedName~CanaryTests", "--logger", "console;verbosity=detailed" },
            WorkingDirectory = Tools.Root,
            RedirectStandardOutput = true,
        };
        start.Environment["ENGINE_STORM_SECONDS"] = (options.Minutes * 60 / CaseCount).ToString(CultureInfo.InvariantCulture);
        using Process test = Process.Start(start)!;
        report.WriteLine($"\n## {options.Minutes} minutes of canaries\n\n```");
        while (await test.StandardOutput.ReadLineAsync() is { } line)
        {
            string text = line.Trim();
            if (text.StartsWith("Passed", StringComparison.Ordinal) || text.StartsWith("Failed", StringComparison.Ordinal)
                || text.Contains("misbehaved", StringComparison.Ordinal) || text.Contains("seed", StringComparison.Ordinal) || text.StartsWith("But was", StringComparison.Ordinal))
            {
                report.WriteLine(text);
            }
        }

        await test.WaitForExitAsync();
        report.WriteLine("```");
        return test.ExitCode == 0;
    }
}
