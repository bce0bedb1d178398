using Microsoft.Extensions.Logging;

namespace Engine.Hosting;

/// <summary>Every line that the hosting may log, by number.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(1, LogLevel.Information, "Server {Server} has started")]
    public static partial void Started(ILogger logger, string server);

    [LoggerMessage(2, LogLevel.Information, "Not ready any more; accepting goes on for {Delay}")]
    public static partial void Unready(ILogger logger, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Information, "Draining {Connections} connections, for {Timeout} at most")]
    public static partial void Draining(ILogger logger, int connections, TimeSpan timeout);

    [LoggerMessage(4, LogLevel.Information, "The certificate of {HostName} was replaced by that in {Path}")]
    public static partial void CertificateReplaced(ILogger logger, string hostName, string path);

    [LoggerMessage(5, LogLevel.Warning, "The certificate of {HostName} stays as it is: that in {Path} cannot be used")]
    public static partial void CertificateUnusable(ILogger logger, string hostName, string path, Exception exception);

    [LoggerMessage(6, LogLevel.Warning, "systemd cannot be told: {Error}")]
    public static partial void SystemdUnreachable(ILogger logger, string error);
}
