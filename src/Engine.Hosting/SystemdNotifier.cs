using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Engine.Hosting;

/// <summary>Tells systemd how the service stands (sd_notify: a datagram to NOTIFY_SOCKET). Without systemd it does nothing. Any thread.</summary>
internal sealed class SystemdNotifier
{
    private readonly string? _path;
    private readonly ILogger _logger;

    public SystemdNotifier(Func<string, string?> readVariable, int processId, ILogger logger)
    {
        _logger = logger;
        _path = readVariable("NOTIFY_SOCKET") is { Length: > 1 } path && path[0] is '/' or '@' ? path : null;
        if (_path is not null
            && (readVariable("WATCHDOG_PID") is not { } pid || pid == processId.ToString(CultureInfo.InvariantCulture))
            && long.TryParse(readVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds)
            && microseconds > 0)
        {
            WatchdogInterval = TimeSpan.FromMicroseconds(microseconds / 2.0);
        }
    }

    /// <summary>How often systemd wants a sign of life, halved; null when it wants none.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>Sends one state, such as <c>READY=1</c>.</summary>
    public void Notify(string state)
    {
        if (_path is null)
        {
            return;
        }

        try
        {
            // "@" stands for the zero byte of an abstract name.
            var endPoint = new UnixDomainSocketEndPoint(_path[0] == '@' ? "\0" + _path[1..] : _path);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Connect(endPoint);
            socket.Send(Encoding.UTF8.GetBytes(state));
        }
        catch (SocketException exception)
        {
            HostingLog.SystemdUnreachable(_logger, exception.Message);
        }
    }
}
