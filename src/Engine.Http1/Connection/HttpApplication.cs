using Microsoft.Extensions.Logging;

namespace Engine.Http1;

/// <summary>What all connections of one server share: limits, routes, scheduling, and whom to tell of failures.</summary>
internal sealed class HttpApplication(
    HttpLimits limits,
    RequestPipeline pipeline,
    HandlerScheduling scheduling,
    ReadOnlyMemory<byte> serverLine,
    Action<Exception, HttpContext?>? onError,
    ILogger logger)
{
    private readonly HttpLoop?[] _loops = new HttpLoop?[64];

    public HttpLimits Limits { get; } = limits;

    public RequestPipeline Pipeline { get; } = pipeline;

    public HandlerScheduling Scheduling { get; } = scheduling;

    /// <summary>The shared things of a loop, made by its first connection. That loop only.</summary>
    public HttpLoop Loop(int loopIndex) => _loops[loopIndex] ??= new HttpLoop(serverLine, Scheduling);

    /// <summary>A handler failed: said once, to the log and to the host.</summary>
    public void Report(Exception exception, HttpContext context)
    {
        HttpLog.HandlerFailed(logger, context.Connection.Id, exception);
        onError?.Invoke(exception, context);
    }

    /// <summary>A pooled object came back twice: another request may hold it by now, so the connection that returned it does not go on.</summary>
    public void EndAfterDoubleReturn(Connection connection, string what)
    {
        HttpLog.ReturnedTwice(logger, connection.Id, what);
        connection.Abort(CloseReason.HandlerFailed);
    }
}
