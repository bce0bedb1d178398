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

    [LoggerMessage(3, LogLevel.Warning, "An accept failed: {Error} ({Held} more since the last such line)")]
    public static partial void AcceptFailed(ILogger logger, string error, long held);

    [LoggerMessage(4, LogLevel.Error, "A handler of connection {ConnectionId} failed; the connection is closing")]
    public static partial void HandlerFailed(ILogger logger, ConnectionId connectionId, Exception exception);

    [LoggerMessage(5, LogLevel.Warning, "Connection {ConnectionId} reads slowly")]
    public static partial void SlowConsumer(ILogger logger, ConnectionId connectionId);

    [LoggerMessage(6, LogLevel.Error, "Code of the host failed outside of any connection's callbacks")]
    public static partial void HostFailed(ILogger logger, Exception exception);

    [LoggerMessage(7, LogLevel.Error, "A subscriber of {EventName} failed")]
    public static partial void SubscriberFailed(ILogger logger, string eventName, Exception exception);

    [LoggerMessage(8, LogLevel.Error, "A visit of connection {ConnectionId} failed; the connection goes on")]
    public static partial void VisitFailed(ILogger logger, ConnectionId connectionId, Exception exception);

    [LoggerMessage(9, LogLevel.Warning, "Connection {ConnectionId} was ended because its peer reads too slowly")]
    public static partial void SlowConsumerEnded(ILogger logger, ConnectionId connectionId);

    [LoggerMessage(10, LogLevel.Warning, "A connection was refused by a limit ({Held} more since the last such line)")]
    public static partial void Refused(ILogger logger, long held);

    [LoggerMessage(11, LogLevel.Error, "Event loop {LoopIndex} is blocked by a handler: the server counts as stopped, its thread ends when the handler returns")]
    public static partial void LoopAbandoned(ILogger logger, int loopIndex);

    [LoggerMessage(20, LogLevel.Information, "TLS by {Library}")]
    public static partial void TlsLibrary(ILogger logger, string library);
}
