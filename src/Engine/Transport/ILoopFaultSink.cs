namespace Engine;

/// <summary>Who is told of exceptions that come as far as a loop: the server.</summary>
internal interface ILoopFaultSink
{
    /// <summary>
    /// A call of the loop's threw. Must not throw itself. Any thread.
    /// </summary>
    /// <param name="source">For whom the call was: a connection, its transport, or somebody whom nobody knows.</param>
    /// <param name="exception">What left the call.</param>
    void OnLoopFault(object? source, Exception exception);
}
