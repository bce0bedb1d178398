namespace Engine.TestKit;

/// <summary>Runs what a test does on a thread that is no loop's.</summary>
public static class ForeignThread
{
    /// <summary>Runs <paramref name="action"/> to its end; what it throws, the caller is thrown.</summary>
    public static void Run(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            throw failure;
        }
    }
}
