using Microsoft.Extensions.Logging;

namespace Engine.Http1;

/// <summary>Every line that this package may log, by number.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(101, LogLevel.Error, "A handler on connection {ConnectionId} failed")]
    public static partial void HandlerFailed(ILogger logger, ConnectionId connectionId, Exception exception);

    [LoggerMessage(102, LogLevel.Critical, "Connection {ConnectionId} returned a pooled {What} twice and was aborted; this is a bug in the engine")]
    public static partial void ReturnedTwice(ILogger logger, ConnectionId connectionId, string what);
}
