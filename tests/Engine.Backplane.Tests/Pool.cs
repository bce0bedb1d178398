namespace Engine.Backplane.Tests;

/// <summary>Runs work on the thread pool: the test's thread belongs to the rooms' loops.</summary>
internal static class Pool
{
    public static Task Run(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
}
