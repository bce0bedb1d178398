using System.Collections.Concurrent;

namespace Engine.Tests;

/// <summary>A protocol made of what a test hands in; it counts its ends and lets tests await each event.</summary>
internal sealed class ProbeProtocol : ConnectionProtocol
{
    private readonly TaskCompletionSource<Connection> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _peerClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _closedCount;
    private int _drainedCount;

    public delegate int Receiver(Connection connection, Span<byte> bytes);

    public Receiver OnBytes { get; init; } = static (_, bytes) => bytes.Length;

    public Action<Connection>? OnStart { get; init; }

    public Action<Connection>? OnDrain { get; init; }

    public Action<Connection>? OnDue { get; init; }

    /// <summary>Instead of closing when the peer has sent FIN.</summary>
    public Action<Connection>? OnPeerFin { get; init; }

    public Task<Connection> Started => _started.Task;

    public Task<CloseReason> Closed => _closed.Task;

    public Task PeerClosed => _peerClosed.Task;

    public int ClosedCount => Volatile.Read(ref _closedCount);

    public int DrainedCount => Volatile.Read(ref _drainedCount);

    public static ProbeProtocol Echo() => new()
    {
        OnBytes = static (connection, bytes) =>
        {
            connection.TrySend(bytes);
            return bytes.Length;
        },
    };

    protected internal override void OnStarted(Connection connection)
    {
        OnStart?.Invoke(connection);
        _started.TrySetResult(connection);
    }

    protected internal override int OnReceived(Connection connection, Span<byte> bytes) => OnBytes(connection, bytes);

    protected internal override void OnPeerClosed(Connection connection)
    {
        _peerClosed.TrySetResult();
        if (OnPeerFin is null)
        {
            base.OnPeerClosed(connection);
        }
        else
        {
            OnPeerFin(connection);
        }
    }

    protected internal override void OnDrained(Connection connection)
    {
        Interlocked.Increment(ref _drainedCount);
        OnDrain?.Invoke(connection);
    }

    protected internal override void OnDeadline(Connection connection) => OnDue?.Invoke(connection);

    protected internal override void OnClosed(Connection connection, CloseReason reason)
    {
        Interlocked.Increment(ref _closedCount);
        _closed.TrySetResult(reason);
    }

    /// <summary>Hands out one probe a connection, so that a test can await the one it opened.</summary>
    public sealed class Source(Func<ProbeProtocol> create)
    {
        private readonly BlockingCollection<ProbeProtocol> _made = [];

        public ConnectionProtocol Next(Connection connection)
        {
            ProbeProtocol probe = create();
            _made.Add(probe);
            return probe;
        }

        /// <summary>The probe of the next connection that was accepted.</summary>
        public ProbeProtocol Take(CancellationToken cancellation) => _made.Take(cancellation);
    }
}
