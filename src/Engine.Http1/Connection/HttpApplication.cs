using Microsoft.Extensions.Logging;

namespace Engine.Http1;

/// <summary>What all connections of one server share: limits, routes, scheduling, and whom to tell of failures.</summary>
internal sealed class HttpApplication(HttpLimits limits, RequestPipeline pipeline, HandlerScheduling scheduling, ReadOnlyMemory<byte> serverLine, ILogger logger)
{
    private readonly HttpLoop?[] _loops = new HttpLoop?[64];
    private readonly RefusalLog _refusals = new(logger);

    public HttpLimits Limits { get; } = limits;

    public RequestPipeline Pipeline { get; } = pipeline;

    public HandlerScheduling Scheduling { get; } = scheduling;

    /// <summary>Whether a client that has ended its sending side is still served as if it listened.</summary>
    public bool ServesHalfClosedPeers { get; init; }

    /// <summary>The host's hook for exceptions of handlers.</summary>
    public Action<Exception, HttpContext?>? OnError { get; init; }

    /// <summary>The host's channel for exceptions of all handlers, of whatever protocol.</summary>
    public Action<Connection?, Exception>? OnHandlerFailed { get; init; }

    /// <summary>The host's hook for refused requests.</summary>
    public Action<HttpRefusal>? OnRefused { get; init; }

    /// <summary>The shared things of a loop, made by its first connection. That loop only.</summary>
    public HttpLoop Loop(int loopIndex) => _loops[loopIndex] ??= new HttpLoop(serverLine, Scheduling);

    /// <summary>How many requests were refused for a reason. Any thread.</summary>
    public long RefusedCount(HttpRejection reason) => _refusals.Count(reason);

    /// <summary>A handler failed: said once, to the log and to the host. A hook that fails itself is logged.</summary>
    public void Report(Exception exception, HttpContext context)
    {
        ConnectionId id = context.Connection.Id;
        HttpLog.HandlerFailed(logger, id, exception);
        try
        {
            OnError?.Invoke(exception, context);
        }
        catch (Exception failure)
        {
            HttpLog.HookFailed(logger, id, nameof(OnError), failure);
        }

        OnHandlerFailed?.Invoke(context.Connection, exception);
    }

    /// <summary>A request was refused: counted, logged and told to the host. Returns what the host made of the response, or null.</summary>
    public HttpRefusal? CountRefusal(Connection connection, HttpRejection reason)
    {
        _refusals.Add(connection, reason);
        if (OnRefused is null)
        {
            return null;
        }

        var refusal = new HttpRefusal(connection, reason, StatusLines.Of(reason));
        try
        {
            OnRefused(refusal);
            return refusal;
        }
        catch (Exception failure)
        {
            HttpLog.HookFailed(logger, connection.Id, nameof(OnRefused), failure);
            return null;
        }
    }

    /// <summary>A pooled object came back twice: another request may hold it by now, so the connection that returned it does not go on.</summary>
    public void EndAfterDoubleReturn(Connection connection, string what)
    {
        HttpLog.ReturnedTwice(logger, connection.Id, what);
        connection.Abort(CloseReason.HandlerFailed);
    }
}
