using System.Diagnostics.CodeAnalysis;

namespace Gateway;

/// <summary>The jobs that go on without a reader, bounded in number and in time. Any thread.</summary>
internal sealed class JobBoard(JobLimits limits) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Job> _jobs = [];
    private readonly CancellationTokenSource _closing = new();

    /// <summary>Takes a job and starts it. Returns false when too many are at work.</summary>
    public bool TryStart(Job job)
    {
        lock (_gate)
        {
            if (_jobs.Values.Count(static one => !one.IsDone) >= limits.MaxRunning)
            {
                return false;
            }

            if (_jobs.Count >= limits.MaxKept && _jobs.Values.Where(static one => one.IsDone).MinBy(static one => one.EndedAt) is { } first)
            {
                _jobs.Remove(first.Id);
            }

            _jobs[job.Id] = job;
        }

        _ = KeepAsync(job);
        return true;
    }

    public bool TryFind(string? id, [NotNullWhen(true)] out Job? job)
    {
        lock (_gate)
        {
            return _jobs.TryGetValue(id ?? "", out job);
        }
    }

    /// <summary>Stops a job and forgets it. Returns false when there is none.</summary>
    public bool Remove(string? id)
    {
        if (!TryFind(id, out Job? job))
        {
            return false;
        }

        job.Stop();
        lock (_gate)
        {
            return _jobs.Remove(job.Id);
        }
    }

    public void Dispose()
    {
        _closing.Cancel();
        _closing.Dispose();
    }

    private async Task KeepAsync(Job job)
    {
        CancellationToken closing = _closing.Token;
        using (job)
        {
            await job.RunAsync(limits, closing);
        }

        await Task.Delay(limits.KeptFor, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _jobs.Remove(job.Id);
        }
    }
}
