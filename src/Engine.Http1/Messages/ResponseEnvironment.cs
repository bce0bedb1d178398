namespace Engine.Http1;

/// <summary>What the responses of one loop share. Loop only.</summary>
internal sealed class ResponseEnvironment(ReadOnlyMemory<byte> serverLine, HandlerScheduling scheduling)
{
    public DateHeader Date { get; } = new();

    public ReadOnlyMemory<byte> ServerLine { get; } = serverLine;

    /// <summary>Where handlers run, and hear of a stream's end.</summary>
    public HandlerScheduling Scheduling { get; } = scheduling;
}
