using System.Net;
using Microsoft.Extensions.Logging;

namespace Engine;

/// <summary>Every line that the engine may log, by number.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {EndPoint}")]
    public static partial void Listening(ILogger logger, EndPoint endPoint);

    [LoggerMessage(2, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "An accept failed: {Error}")]
    public static partial void AcceptFailed(ILogger logger, string error);

    [LoggerMessage(4, LogLevel.Error, "A handler of connection {ConnectionId} failed; the connection is closing")]
    public static partial void HandlerFailed(ILogger logger, ConnectionId connectionId, Exception exception);

    [LoggerMessage(5, LogLevel.Warning, "Connection {ConnectionId} reads slowly")]
    public static partial void SlowConsumer(ILogger logger, ConnectionId connectionId);

    [LoggerMessage(20, LogLevel.Information, "TLS by {Library}")]
    public static partial void TlsLibrary(ILogger logger, string library);
}
