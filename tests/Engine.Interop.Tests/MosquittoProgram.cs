using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>Debian's mosquitto, an MQTT broker, on a port of its own and with nothing kept on disk.</summary>
internal sealed class MosquittoProgram : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;

    private MosquittoProgram(ChildProcess process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        Address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
    }

    public string Address { get; }

    public static async Task<MosquittoProgram> StartAsync()
    {
        for (int attempt = 1; ; attempt++)
        {
            string folder = Directory.CreateTempSubdirectory("engine-mosquitto-").FullName;
            int port = FreePort.Find();
            string configuration = Path.Combine(folder, "mosquitto.conf");
            await File.WriteAllTextAsync(configuration, string.Create(CultureInfo.InvariantCulture, $"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest stderr\n"));
            string program = File.Exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
            var mosquitto = new MosquittoProgram(ChildProcess.Start(program, ["-c", configuration]), folder, port);
            if (await mosquitto.ListensAsync(port))
            {
                return mosquitto;
            }

            string error = mosquitto._process.Error;
            await mosquitto.DisposeAsync();
            if (attempt == 5 || !error.Contains("Address already in use", StringComparison.Ordinal))
            {
                throw new InvalidOperationException(error);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Its log comes too late to be waited for: it is asked until it answers, or has ended.</summary>
    private async Task<bool> ListensAsync(int port)
    {
        long startedAt = Environment.TickCount64;
        while (!_process.HasExited && Environment.TickCount64 - startedAt < 20_000)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(10);
            }
        }

        return false;
    }
}
