using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Engine.Bench;

/// <summary>Runs bench/Load against a server, and reads the server's CPU time when the counting begins and ends.</summary>
internal static class LoadGenerator
{
    /// <param name="server">The server.</param>
    /// <param name="cpus">The processors for the load, in taskset's words; null for all.</param>
    /// <param name="arguments">The mode and its options, without the port.</param>
    /// <param name="opened">Called when the counting begins: all connections are open, and the server is warm.</param>
    /// <param name="countsInstructions">Whether instructions are counted, which costs a server of many threads time at each of its switches.</param>
    /// <param name="ticked">With --ticks: called each second of the counting with the messages so far.</param>
    public static Measurement Run(ServerUnderTest server, string? cpus, string[] arguments, Action? opened = null, bool countsInstructions = false, Action<long>? ticked = null)
    {
        string program = Tools.LoadGenerator(arguments.Contains("--tls"));
        string[] command =
        [
            .. cpus is null ? Array.Empty<string>() : ["taskset", "-c", cpus], program, .. arguments, "--port", server.Port.ToString(CultureInfo.InvariantCulture),
        ];
        using var load = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        double before = 0;
        using InstructionCounter? counter = countsInstructions ? new InstructionCounter(server.ProcessId) : null;
        (double User, double Kernel) instructionsBefore = default;
        while (load.StandardOutput.ReadLine() is { } line)
        {
            if (line == "begin")
            {
                before = server.CpuSeconds;
                instructionsBefore = counter?.Read() ?? default;
                opened?.Invoke();
            }
            else if (line.StartsWith("tick ", StringComparison.Ordinal))
            {
                ticked?.Invoke(long.Parse(line.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture));
            }
            else if (line.StartsWith('{'))
            {
                double cpu = server.CpuSeconds - before;
                (double user, double kernel) = counter?.Read() ?? (double.NaN, double.NaN);
                string rest = load.StandardOutput.ReadToEnd().Trim();
                load.WaitForExit();
                JsonElement result = JsonSerializer.Deserialize<JsonElement>(line);
                double Value(string name) => result.GetProperty(name).GetDouble();
                double messages = Math.Max(Value("messages"), 1), seconds = Value("seconds");
                return new Measurement(
                    messages / seconds, cpu * 1e6 / messages, cpu / seconds, Value("p50"), Value("p99"), Value("p999"),
                    (user - instructionsBefore.User) / messages, (kernel - instructionsBefore.Kernel) / messages, Value("cpu") * 1e6 / messages)
                {
                    Least = Value("min"),
                    Greatest = Value("max"),
                    Rest = rest,
                };
            }
        }

        throw new InvalidOperationException($"The load generator ended without a result: {string.Join(' ', command)}");
    }
}
