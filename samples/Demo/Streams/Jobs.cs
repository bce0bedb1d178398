using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Engine.Http1;
using Engine.Sse;

namespace Demo;

/// <summary>
/// Long jobs: a POST starts one and is answered at once with its id, a stream tells how far it is. Only the present state matters, so nothing is kept for those who
/// come back: they get what is true now, unless it is what they know.
/// </summary>
internal sealed class Jobs
{
    private const int MaxJobs = 100;

    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Job> _jobs = new();

    public SseOptions Options => new() { ReconnectionInterval = TimeSpan.FromMilliseconds(200), OnConnectAsync = AdmitAsync };

    public ValueTask StartAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        if (_jobs.Count >= MaxJobs)
        {
            response.StatusCode = 503;
            response.Headers.Set("Retry-After", "10");
            return ValueTask.CompletedTask;
        }

        var job = new Job(RandomNumberGenerator.GetHexString(16, lowercase: true));
        _jobs[job.Id] = job;
        _ = RunAsync(job);
        response.StatusCode = 202;
        response.Headers.Set("Location", $"/jobs/{job.Id}");
        return response.WriteAsync(job.Id);
    }

    public async Task WatchAsync(SseStream stream, CancellationToken cancellationToken)
    {
        if (!_jobs.TryGetValue(stream.Context.RouteParameters["id"]!, out Job? job))
        {
            return;
        }

        string? known = stream.LastEventId;
        while (true)
        {
            Task changed = job.Changed;
            int percent = job.Percent;
            string id = percent.ToString(CultureInfo.InvariantCulture);
            if (id != known)
            {
                await stream.SendAsync(new SseEvent(id) { Id = id, EventType = "progress" }, cancellationToken);
                known = id;
            }

            if (percent == 100)
            {
                await stream.SendAsync(new SseEvent("finished") { Id = LastEvent.Id, EventType = "done" }, cancellationToken);
                return;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task RunAsync(Job job)
    {
        await job.RunAsync();
        await Task.Delay(KeptFor);
        _jobs.TryRemove(job.Id, out _);
    }

    private ValueTask<bool> AdmitAsync(HttpContext context)
    {
        if (_jobs.ContainsKey(context.RouteParameters["id"]!))
        {
            return LastEvent.IsNotSeenAsync(context);
        }

        context.Response.StatusCode = 404;
        return ValueTask.FromResult(false);
    }
}
