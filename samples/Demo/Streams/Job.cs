namespace Demo;

/// <summary>Work that takes its time, and how far it is. Any thread.</summary>
internal sealed class Job(string id)
{
    private const int Steps = 50;

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile int _step;

    public string Id => id;

    public int Percent => _step * 100 / Steps;

    /// <summary>Completes at the next change. Taken before the state is read, it misses none.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    public async Task RunAsync()
    {
        while (_step < Steps)
        {
            await Task.Delay(40);
            _step++;
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }
}
