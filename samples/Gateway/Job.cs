namespace Gateway;

/// <summary>
/// One answer and its log, which readers follow from any place, now or later: first that it began, then each word, last how it ended. It is at work until the model
/// has said all, someone stops it, or a bound is reached, whether or not anybody reads. Any thread.
/// </summary>
internal sealed class Job(string id, string model, string question, ScriptedModel scripted) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<string> _words = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JobStatus _status = JobStatus.InProgress;

    public string Id => id;

    public string Model => model;

    public long CreatedAt { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>When it ended, as milliseconds of the process's clock.</summary>
    public long EndedAt { get; private set; }

    public JobStatus Status
    {
        get
        {
            lock (_gate)
            {
                return _status;
            }
        }
    }

    public bool IsDone => Status != JobStatus.InProgress;

    /// <summary>The answer as far as it is.</summary>
    public string Text
    {
        get
        {
            lock (_gate)
            {
                return string.Concat(_words);
            }
        }
    }

    /// <summary>Ends the work. Without effect when it has ended.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (_status == JobStatus.InProgress)
            {
                _ = _stopping.CancelAsync();
            }
        }
    }

    /// <summary>Once it has ended.</summary>
    public void Dispose() => _stopping.Dispose();

    public async Task RunAsync(JobLimits limits, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        limit.CancelAfter(limits.MaxDuration);
        JobStatus end = JobStatus.Completed;
        try
        {
            await foreach (string word in scripted.AnswerAsync(question, limit.Token))
            {
                Change(() => _words.Add(word));
                if (_words.Count == limits.MaxWords)
                {
                    end = JobStatus.Incomplete;
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            end = _stopping.IsCancellationRequested ? JobStatus.Cancelled : JobStatus.Incomplete;
        }

        Change(() =>
        {
            EndedAt = Environment.TickCount64;
            _status = end;
        });
    }

    /// <summary>
    /// The entry with this number: 0 is the beginning, then come the words, last the end. Null for one that is not there yet: the task completes with the next change.
    /// </summary>
    public JobEntry? Read(int number, out Task changed)
    {
        lock (_gate)
        {
            changed = _changed.Task;
            return number == 0 ? new JobEntry(JobEntryKind.Begin, "")
                : number <= _words.Count ? new JobEntry(JobEntryKind.Word, _words[number - 1])
                : _status != JobStatus.InProgress && number == _words.Count + 1 ? new JobEntry(JobEntryKind.End, "")
                : null;
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            change();
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}

internal enum JobStatus
{
    InProgress,
    Completed,
    Cancelled,
    Incomplete,
}

internal enum JobEntryKind
{
    Begin,
    Word,
    End,
}

internal readonly record struct JobEntry(JobEntryKind Kind, string Word);
