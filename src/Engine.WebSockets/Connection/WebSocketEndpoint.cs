namespace Engine.WebSockets;

/// <summary>What the connections of one mapped endpoint share. Any thread; read only but for the count of its connections.</summary>
internal abstract class WebSocketEndpoint
{
    private int _liveCount;

    protected WebSocketEndpoint(WebSocketEndpointOptions options)
    {
        Options = options.Freeze();
        Rules = new FrameRules
        {
            IsMaskExpected = true,
            MaxFrameBytes = Options.MaxFrameBytes,
            MaxMessageBytes = Options.MaxMessageBytes,
            MaxFragmentCount = Options.MaxFragmentCount,
        };
        Contexts = Options.Compression is { } compression ? new DeflateContextPool(compression.Level) : null;
        Assembly = new AssemblyRules(Options.MaxMessageBytes, Options.Compression?.MaxInflationRatio ?? 0, Contexts);
        ThresholdBytes = Options.Compression?.ThresholdBytes ?? int.MaxValue;
        PingMilliseconds = Milliseconds(Options.PingInterval);
        PongMilliseconds = Milliseconds(Options.PongTimeout);
        IdleMilliseconds = Milliseconds(Options.IdleTimeout);
        CloseMilliseconds = Milliseconds(Options.CloseTimeout);
    }

    public WebSocketEndpointOptions Options { get; }

    public FrameRules Rules { get; }

    public AssemblyRules Assembly { get; }

    /// <summary>Null when the endpoint does not compress.</summary>
    public DeflateContextPool? Contexts { get; }

    /// <summary>Messages of fewer bytes are sent plain.</summary>
    public int ThresholdBytes { get; }

    /// <summary>0 means never, as in the other clocks.</summary>
    public long PingMilliseconds { get; }

    public long PongMilliseconds { get; }

    public long IdleMilliseconds { get; }

    public long CloseMilliseconds { get; }

    /// <summary>A lifetime for one connection, with its jitter; 0 for any.</summary>
    public long DrawLifetimeMilliseconds()
    {
        long lifetime = Milliseconds(Options.MaxLifetime);
        return lifetime == 0 ? 0 : lifetime - (long)(lifetime * 0.1 * Random.Shared.NextDouble());
    }

    public void CountOpened() => Interlocked.Increment(ref _liveCount);

    /// <summary>Without connections there is no clock to trim the pool by, so it is emptied.</summary>
    public void CountClosed()
    {
        if (Interlocked.Decrement(ref _liveCount) == 0)
        {
            Contexts?.Clear();
        }
    }

    public abstract ValueTask OnOpen(WebSocketConnection socket);

    public abstract ValueTask OnMessage(WebSocketConnection socket, WebSocketMessage message);

    /// <summary>Part of a message arrived; so much of it is held. What comes next waits until the task completes.</summary>
    public virtual ValueTask OnPart(WebSocketConnection socket, int heldBytes) => ValueTask.CompletedTask;

    public abstract void OnDrain(WebSocketConnection socket);

    public abstract void OnPing(WebSocketConnection socket, ReadOnlySpan<byte> payload);

    public abstract void OnPong(WebSocketConnection socket, ReadOnlySpan<byte> payload);

    /// <summary>The peer asks to close; the answer is returned.</summary>
    public virtual WebSocketCloseAnswer OnCloseReceived(WebSocketConnection socket, WebSocketCloseAnswer asked) => asked;

    public abstract void OnClose(WebSocketConnection socket, WebSocketClosure closure);

    public abstract void OnError(WebSocketConnection socket, Exception exception);

    private static long Milliseconds(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? 0 : Math.Max((long)time.TotalMilliseconds, 1);
}
