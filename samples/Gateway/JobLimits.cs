namespace Gateway;

/// <summary>The bounds of jobs that go on without a reader.</summary>
internal sealed record JobLimits
{
    /// <summary>Jobs at work at a time; one more is refused with 429.</summary>
    public int MaxRunning { get; init; } = 20;

    /// <summary>Jobs that are kept, at work or done; the one that ended first makes way.</summary>
    public int MaxKept { get; init; } = 200;

    /// <summary>Words of one answer. It is incomplete then.</summary>
    public int MaxWords { get; init; } = 4_000;

    /// <summary>How long a job may work. Its answer is incomplete then.</summary>
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long an answer is kept after its end.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromMinutes(10);
}
