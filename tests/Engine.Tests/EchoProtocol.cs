using System.Collections.Concurrent;

namespace Engine.Tests;

/// <summary>Sends back what it receives, and writes down what it is told.</summary>
internal sealed class EchoProtocol : ConnectionProtocol
{
    public ConcurrentQueue<string> Events { get; } = new();

    public Connection? Connection { get; private set; }

    public CloseReason Closed { get; private set; }

    public int ClosedCount { get; private set; }

    public TaskCompletionSource<CloseReason> WhenClosed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected internal override void OnStarted(Connection connection) => Connection = connection;

    protected internal override int OnReceived(Connection connection, Span<byte> bytes)
    {
        connection.TrySend(bytes);
        return bytes.Length;
    }

    protected internal override void OnDrained(Connection connection) => Events.Enqueue("drained");

    protected internal override void OnClosed(Connection connection, CloseReason reason)
    {
        ClosedCount++;
        Closed = reason;
        WhenClosed.TrySetResult(reason);
    }
}
