using System.Diagnostics;
using System.Globalization;

namespace Engine.Bench;

/// <summary>A server of its own process, pinned to CPU 0, that says where it listens. Disposing ends it.</summary>
internal sealed class ServerUnderTest : IDisposable
{
    private static readonly double TicksPerSecond = 100;

    private readonly Process _process;

    private ServerUnderTest(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public int ProcessId => _process.Id;

    /// <summary>Processor seconds that it has used, user and system.</summary>
    public double CpuSeconds
    {
        get
        {
            string[] fields = File.ReadAllText($"/proc/{_process.Id}/stat").Split(") ")[1].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    public long ResidentBytes
        => long.Parse(File.ReadAllText($"/proc/{_process.Id}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    public static ServerUnderTest Start(Peer peer, string? cpus = "0", int port = 0, string[]? more = null)
    {
        string[] command = [.. peer.Command(port), .. more ?? []];
        string[] arguments = cpus is null ? command : ["-c", cpus, .. command];
        var info = new ProcessStartInfo(cpus is null ? command[0] : "taskset", cpus is null ? command[1..] : arguments)
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Tools.Root,
        };
        info.Environment["DOTNET_gcServer"] = "0";
        Process process = Process.Start(info)!;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith("listening on ", StringComparison.Ordinal))
            {
                // Read on, so that a server that talks is not held up by a full pipe.
                _ = process.StandardOutput.ReadToEndAsync();
                return new ServerUnderTest(process, int.Parse(line[(line.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));
            }
        }

        throw new InvalidOperationException($"{peer.Name} did not start.");
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
