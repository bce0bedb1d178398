using System.Diagnostics;
using System.Globalization;

namespace Engine.Bench;

/// <summary>A server of its own process that says where it listens. Disposing ends it.</summary>
internal sealed class ServerUnderTest : IDisposable
{
    /// <summary>The unit of /proc/PID/stat (sysconf's _SC_CLK_TCK, which is 100 on every Linux that .NET runs on).</summary>
    private const double TicksPerSecond = 100;

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

    public int Descriptors => Directory.GetFiles($"/proc/{_process.Id}/fd").Length;

    /// <param name="peer">The server.</param>
    /// <param name="cpus">The processors that it may use, in taskset's words; null for all.</param>
    /// <param name="start">How it is started.</param>
    public static ServerUnderTest Start(Peer peer, string? cpus, PeerStart start)
    {
        string[] command = [.. cpus is null ? Array.Empty<string>() : ["taskset", "-c", cpus], .. peer.Command(start)];
        var info = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, WorkingDirectory = Tools.Root };
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
