namespace Engine;

/// <summary>
/// Names the event loop that a connection lives on: one thread, which calls everything about its connections. Hold it to reach the loop also after the
/// connection has ended. A default value names no loop, and its members throw.
/// </summary>
public readonly struct LoopRef : IEquatable<LoopRef>
{
    private readonly EventLoop? _loop;

    internal LoopRef(EventLoop loop) => _loop = loop;

    /// <summary>The loop's number within its server, from 0. Any thread.</summary>
    public int Index => EventLoop.Index;

    /// <summary>Whether the calling thread is the loop. Any thread.</summary>
    public bool IsCurrent => EventLoop.IsCurrent;

    /// <summary>The loop's clock in milliseconds: monotonic, read once a turn, so that asking costs nothing. Loop only.</summary>
    public long NowMilliseconds => EventLoop.NowMilliseconds;

    internal EventLoop EventLoop => _loop ?? throw new InvalidOperationException("A default LoopRef names no loop.");

    /// <summary>Returns whether both name the same loop of the same server.</summary>
    public static bool operator ==(LoopRef left, LoopRef right) => left.Equals(right);

    /// <summary>Returns whether the two name different loops.</summary>
    public static bool operator !=(LoopRef left, LoopRef right) => !left.Equals(right);

    /// <summary>Runs <paramref name="work"/> on the loop, in its next turn. Any thread; work posted by one thread keeps its order.</summary>
    public void Post(Action<object?> work, object? state)
    {
        ArgumentNullException.ThrowIfNull(work);
        EventLoop.Post(work, state);
    }

    /// <summary>
    /// Makes a timer of this loop, not yet set. It lives until it is no longer referenced; a timer that belongs to a connection is made by
    /// <see cref="Connection.CreateTimer"/>, and ends with it. Loop only.
    /// </summary>
    /// <param name="onDue">Called on the loop. What it throws is counted as a fault of the loop.</param>
    /// <param name="state">Handed to <paramref name="onDue"/>.</param>
    public LoopTimer CreateTimer(Action<object?> onDue, object? state)
    {
        ArgumentNullException.ThrowIfNull(onDue);
        return new LoopTimer(EventLoop, owner: null, onDue, state);
    }

    /// <inheritdoc />
    public bool Equals(LoopRef other) => ReferenceEquals(_loop, other._loop);

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is LoopRef other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => _loop?.GetHashCode() ?? 0;
}
