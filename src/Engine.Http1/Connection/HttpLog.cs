using Microsoft.Extensions.Logging;

namespace Engine.Http1;

/// <summary>Every line that this package may log, by number.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(101, LogLevel.Error, "A handler on connection {ConnectionId} failed")]
    public static partial void HandlerFailed(ILogger logger, ConnectionId connectionId, Exception exception);

    [LoggerMessage(103, LogLevel.Information, "A request on connection {ConnectionId} was refused with {StatusCode}: {Reason}; {LeftOut} such lines were left out before")]
    public static partial void Refused(ILogger logger, ConnectionId connectionId, int statusCode, HttpRejection reason, long leftOut);

    [LoggerMessage(104, LogLevel.Error, "The host's {Hook} failed on connection {ConnectionId}")]
    public static partial void HookFailed(ILogger logger, ConnectionId connectionId, string hook, Exception exception);

    [LoggerMessage(105, LogLevel.Error, "A subscriber of {Event} failed")]
    public static partial void SubscriberFailed(ILogger logger, string @event, Exception exception);

    [LoggerMessage(102, LogLevel.Critical, "Connection {ConnectionId} returned a pooled {What} twice and was aborted; this is a bug in the engine")]
    public static partial void ReturnedTwice(ILogger logger, ConnectionId connectionId, string what);
}
