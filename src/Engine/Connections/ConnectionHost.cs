using Microsoft.Extensions.ObjectPool;

namespace Engine;

/// <summary>What the connections of one server share, and whom they tell. Implemented by the server, so that connections know nothing of it.</summary>
internal abstract class ConnectionHost(ConnectionOptions options)
{
    public ConnectionOptions Options { get; } = options;

    public ObjectPool<SendWaiter> Waiters { get; } = new DefaultObjectPool<SendWaiter>(new SendWaiter.Policy(), maximumRetained: 1024);

    public ObjectPool<ForeignSend> ForeignSends { get; } = new DefaultObjectPool<ForeignSend>(new ForeignSend.Policy(), maximumRetained: 4096);

    /// <summary>Whether the server as a whole holds more queued bytes than it may. Any thread.</summary>
    public abstract bool IsOverTotal { get; }

    /// <summary>A handler threw. Does not throw itself. Any loop.</summary>
    public abstract void OnFault(Connection connection, Exception exception);

    /// <summary>A peer was slow so many writes in a row. Does not throw. Its loop.</summary>
    public abstract void OnSlowConsumer(Connection connection);

    /// <summary>A peer is ended because it read too slowly. Does not throw. Its loop.</summary>
    public abstract void OnSlowConsumerEnded(Connection connection);

    /// <summary>A connection has ended. Its loop.</summary>
    public abstract void OnClosed(Connection connection);
}
