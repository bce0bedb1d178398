using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine.Hosting.Tests;

/// <summary>The datagrams that systemd gets, on a socket that plays it.</summary>
[Category("Sockets")]
[CancelAfter(30_000)]
[Platform(Include = "Unix")]
public sealed class SystemdNotifierTests
{
    [Test]
    public async Task States_arrive_as_datagrams_by_path_and_by_abstract_name([Values] bool isAbstract, CancellationToken cancellationToken)
    {
        string name = Path.Combine(Path.GetTempPath(), $"engine-notify-{Guid.NewGuid():N}");
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + name : name));
        try
        {
            var notifier = new SystemdNotifier(variable => variable == "NOTIFY_SOCKET" ? (isAbstract ? "@" + name : name) : null, 1, NullLogger.Instance);
            notifier.Notify("READY=1");
            byte[] buffer = new byte[64];
            int length = await systemd.ReceiveAsync(buffer, cancellationToken);
            Assert.That(Encoding.ASCII.GetString(buffer, 0, length), Is.EqualTo("READY=1"));
        }
        finally
        {
            File.Delete(name);
        }
    }

    [Test]
    public async Task The_host_tells_its_start_its_life_and_its_stop(CancellationToken cancellationToken)
    {
        string name = Path.Combine(Path.GetTempPath(), $"engine-notify-{Guid.NewGuid():N}");
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(name));
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", name);
        Environment.SetEnvironmentVariable("WATCHDOG_USEC", "40000");
        try
        {
            await using TestHost host = await TestHost.StartAsync(static services => services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server)));
            Assert.That(await ReadAsync(systemd, cancellationToken), Is.EqualTo("READY=1"));
            Assert.That(await ReadAsync(systemd, cancellationToken), Is.EqualTo("WATCHDOG=1"));
            await host.StopAsync(cancellationToken);
            string state;
            do
            {
                state = await ReadAsync(systemd, cancellationToken);
            }
            while (state == "WATCHDOG=1");
            Assert.That(state, Is.EqualTo("STOPPING=1"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
            Environment.SetEnvironmentVariable("WATCHDOG_USEC", null);
            File.Delete(name);
        }
    }

    [Test]
    public void A_watchdog_that_is_another_process_is_not_fed([Values("7", null)] string? pid)
    {
        string? Read(string variable) => variable switch { "NOTIFY_SOCKET" => "/run/x", "WATCHDOG_USEC" => "3000000", "WATCHDOG_PID" => pid, _ => null };
        Assert.That(new SystemdNotifier(Read, 7, NullLogger.Instance).WatchdogInterval, Is.EqualTo(TimeSpan.FromSeconds(1.5)));
        Assert.That(new SystemdNotifier(Read, 8, NullLogger.Instance).WatchdogInterval, pid is null ? Is.EqualTo(TimeSpan.FromSeconds(1.5)) : Is.Null);
    }

    [Test]
    public void Without_systemd_nothing_is_sent_and_nothing_thrown()
    {
        var none = new SystemdNotifier(static _ => null, 1, NullLogger.Instance);
        Assert.That(() => none.Notify("READY=1"), Throws.Nothing);
        var gone = new SystemdNotifier(static variable => variable == "NOTIFY_SOCKET" ? "/nowhere/notify" : null, 1, NullLogger.Instance);
        Assert.That(() => gone.Notify("READY=1"), Throws.Nothing);
    }

    private static async Task<string> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[64];
        int length = await socket.ReceiveAsync(buffer, cancellationToken);
        return Encoding.ASCII.GetString(buffer, 0, length).ToString(CultureInfo.InvariantCulture);
    }
}
