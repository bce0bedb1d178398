namespace Engine.Http1;

/// <summary>What the responses of one loop share. Loop only.</summary>
internal sealed class ResponseEnvironment(ReadOnlyMemory<byte> serverLine)
{
    public DateHeader Date { get; } = new();

    public ReadOnlyMemory<byte> ServerLine { get; } = serverLine;
}
