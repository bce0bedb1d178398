using System.IO.Pipelines;

namespace Engine.Http1;

/// <summary>What the HTTP connections of one loop share: contexts and bodies between two requests, the date. Loop only.</summary>
internal sealed class HttpLoop(ReadOnlyMemory<byte> serverLine, HandlerScheduling scheduling)
{
    private const int MaxKeptContexts = 256;
    private const int MaxKeptBodies = 64;

    private readonly PipeScheduler _bodyScheduler = scheduling == HandlerScheduling.EventLoop ? PipeScheduler.Inline : PipeScheduler.ThreadPool;
    private readonly Stack<HttpContext> _contexts = new();
    private readonly Stack<RequestBody> _bodies = new();

    public ResponseEnvironment Environment { get; } = new(serverLine, scheduling);

    public HttpContext RentContext() => _contexts.TryPop(out HttpContext? context) ? context : new HttpContext();

    public void Return(HttpContext context)
    {
        context.Reset();
        context.Detach();
        if (_contexts.Count < MaxKeptContexts)
        {
            _contexts.Push(context);
        }
    }

    public RequestBody RentBody() => _bodies.TryPop(out RequestBody? body) ? body : new RequestBody(_bodyScheduler);

    public void Return(RequestBody body)
    {
        body.Reset();
        if (_bodies.Count < MaxKeptBodies)
        {
            _bodies.Push(body);
        }
    }
}
