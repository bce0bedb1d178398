using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Engine.Backplane.Tests;

/// <summary>A broker's own program on a free port of loopback, with a data folder of its own. It ends by its process, never by its name.</summary>
internal sealed class BrokerProcess : IDisposable
{
    private readonly string _program;
    private readonly Func<int, string, string[]> _arguments;
    private readonly string _folder = Directory.CreateTempSubdirectory("engine-broker-").FullName;
    private Process? _process;

    private BrokerProcess(string program, Func<int, string, string[]> arguments)
    {
        _program = program;
        _arguments = arguments;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Port = ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public int Port { get; }

    public static BrokerProcess Redis() => new("redis-server", static (port, folder) =>
    [
        "--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no",
    ]);

    public static BrokerProcess Nats() => new("nats-server", static (port, folder) => ["--addr", "127.0.0.1", "--port", $"{port}", "--jetstream", "--store_dir", folder]);

    /// <summary>Starts it, and returns when it listens.</summary>
    public async Task StartAsync()
    {
        string path = Find(_program) ?? throw new IgnoreException($"{_program} is not installed: ./build.sh test installs it as root on Debian.");
        var info = new ProcessStartInfo(path) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in _arguments(Port, _folder))
        {
            info.ArgumentList.Add(argument);
        }

        _process = Process.Start(info)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        long startedAt = Environment.TickCount64;
        while (!await CanConnectAsync())
        {
            Assert.That(_process.HasExited, Is.False, $"{_program} runs");
            Assert.That(Environment.TickCount64 - startedAt, Is.LessThan(20_000), $"{_program} listens");
            await Task.Delay(20);
        }
    }

    /// <summary>Ends it by SIGKILL.</summary>
    public void Kill()
    {
        if (_process is { } process)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Loses everything that it kept. While it does not run.</summary>
    public void Forget()
    {
        Directory.Delete(_folder, recursive: true);
        Directory.CreateDirectory(_folder);
    }

    public void Dispose()
    {
        Kill();
        Directory.Delete(_folder, recursive: true);
    }

    private static string? Find(string program)
    {
        IEnumerable<string> folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/usr/bin", "/usr/lib/rabbitmq/bin"];
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    private async Task<bool> CanConnectAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
