using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Engine.Backplane.Tests;

/// <summary>A broker's own program on a free port of loopback, with a data folder of its own. It ends by its process, never by its name.</summary>
internal sealed class BrokerProcess : IDisposable
{
    private readonly string _program;
    private readonly Func<int, string, string[]> _arguments;
    private readonly Func<int, string, Dictionary<string, string>>? _environment;
    private readonly string _folder = Directory.CreateTempSubdirectory("engine-broker-").FullName;
    private readonly BrokerProcess? _helper;
    private Process? _process;

    private BrokerProcess(
        string program, Func<int, string, string[]> arguments, Func<int, string, Dictionary<string, string>>? environment = null, BrokerProcess? helper = null)
    {
        _program = program;
        _arguments = arguments;
        _environment = environment;
        _helper = helper;
        Port = FreePort();
    }

    public int Port { get; }

    public static BrokerProcess Redis() => new("redis-server", static (port, folder) =>
    [
        "--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no",
    ]);

    public static BrokerProcess Nats() => new("nats-server", static (port, folder) => ["--addr", "127.0.0.1", "--port", $"{port}", "--jetstream", "--store_dir", folder]);

    /// <summary>RabbitMQ with the daemon that knows the names of Erlang's nodes, which would else be the machine's and stay after it.</summary>
    public static BrokerProcess RabbitMq()
    {
        var names = new BrokerProcess("epmd", static (port, _) => ["-port", $"{port}", "-address", "127.0.0.1"]);
        return new BrokerProcess("rabbitmq-server", static (_, _) => [], (port, folder) => new()
        {
            ["HOME"] = folder,
            ["ERL_EPMD_PORT"] = $"{names.Port}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODENAME"] = $"engine-{port}@localhost",
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = $"{port}",
            ["RABBITMQ_DIST_PORT"] = $"{FreePort()}",
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(folder, "data"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(folder, "log"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(folder, "no-plugins"),
            ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(folder, "no-environment"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(folder, "no-configuration"),
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
        }, names);
    }

    /// <summary>Starts it, and returns when it listens.</summary>
    public async Task StartAsync()
    {
        if (_helper is { _process: null })
        {
            await _helper.StartAsync();
        }

        string path = Find(_program) ?? throw new IgnoreException($"{_program} is not installed: ./build.sh test installs it as root on Debian.");
        var info = new ProcessStartInfo(path) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in _arguments(Port, _folder))
        {
            info.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in _environment?.Invoke(Port, _folder) ?? [])
        {
            info.Environment[name] = value;
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
            Assert.That(Environment.TickCount64 - startedAt, Is.LessThan(60_000), $"{_program} listens");
            await Task.Delay(20);
        }
    }

    /// <summary>Ends it by SIGKILL, with what it started: RabbitMQ's program is a script.</summary>
    public void Kill()
    {
        if (_process is { } process)
        {
            process.Kill(entireProcessTree: true);
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
        _helper?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static string? Find(string program)
    {
        IEnumerable<string> folders = ["/usr/lib/rabbitmq/bin", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/usr/bin"];
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
