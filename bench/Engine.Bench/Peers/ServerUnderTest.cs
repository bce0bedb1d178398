using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Engine.Bench;

/// <summary>A server of its own process that says where it listens. Disposing ends it.</summary>
internal sealed partial class ServerUnderTest : IDisposable
{
    private readonly Process _process;

    private ServerUnderTest(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public int ProcessId => _process.Id;

    /// <summary>
    /// Processor seconds that it has used, user and system: the sum that /proc/PID/stat shows in hundredths, from the process's own clock, which is fine
    /// enough for a server that is idle for most of a round.
    /// </summary>
    public double CpuSeconds
    {
        get
        {
            // The clock of another process (clock_getcpuclockid): its number's complement, and what the scheduler has counted.
            const int Scheduled = 2;
            return ClockGetTime((~_process.Id << 3) | Scheduled, out TimeSpecification time) == 0
                ? time.Seconds + (time.Nanoseconds / 1e9)
                : throw new InvalidOperationException($"Process {_process.Id} has no clock.");
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

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out TimeSpecification time);

    private readonly struct TimeSpecification
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
