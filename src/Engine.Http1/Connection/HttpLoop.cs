using System.IO.Pipelines;

namespace Engine.Http1;

/// <summary>What the HTTP connections of one loop share: contexts and bodies between two requests, the date. Loop only.</summary>
/// <remarks>
/// Contexts that code outside of the loop's own call of the handler has seen (<see cref="HttpContext.IsShared"/>) are not pooled again: that code may hold
/// them for ever, and must never reach another request. They fail all later use, and the collector takes them.
/// </remarks>
internal sealed class HttpLoop(ReadOnlyMemory<byte> serverLine, HandlerScheduling scheduling)
{
    private const int MaxKeptContexts = 256;
    private const int MaxKeptBodies = 64;

    private readonly PipeScheduler _bodyScheduler = scheduling == HandlerScheduling.EventLoop ? PipeScheduler.Inline : PipeScheduler.ThreadPool;
    private readonly Stack<HttpContext> _contexts = new();
    private readonly Stack<RequestBody> _bodies = new();

    public ResponseEnvironment Environment { get; } = new(serverLine, scheduling);

    /// <summary>Takes a context from the pool, or makes one. <paramref name="lease"/> is what its return has to name.</summary>
    public HttpContext RentContext(out uint lease)
    {
        HttpContext context = _contexts.TryPop(out HttpContext? pooled) ? pooled : new HttpContext();
        lease = context.Lease.Begin();
        return context;
    }

    /// <summary>Ends a renting. Returns false, and leaves the context alone, when that renting has ended before: it may be another request's by now.</summary>
    public bool TryReturn(HttpContext context, uint lease)
    {
        if (!context.Lease.TryEnd(lease))
        {
            return false;
        }

        bool isShared = context.IsShared;
        context.End();
        if (!isShared && _contexts.Count < MaxKeptContexts)
        {
            _contexts.Push(context);
        }

        return true;
    }

    /// <summary>Takes a body from the pool, or makes one. <paramref name="lease"/> is what its return has to name.</summary>
    public RequestBody RentBody(out uint lease)
    {
        RequestBody body = _bodies.TryPop(out RequestBody? pooled) ? pooled : new RequestBody(_bodyScheduler);
        lease = body.Lease.Begin();
        return body;
    }

    /// <summary>Ends a renting. A body that code outside of the loop's own call has seen is closed instead of pooled. Returns false when that renting has ended before.</summary>
    public bool TryReturn(RequestBody body, uint lease, bool isShared)
    {
        if (!body.Lease.TryEnd(lease))
        {
            return false;
        }

        if (isShared)
        {
            body.Close();
        }
        else
        {
            body.Reset();
            if (_bodies.Count < MaxKeptBodies)
            {
                _bodies.Push(body);
            }
        }

        return true;
    }
}
