namespace Engine.WebSockets;

/// <summary>What the connections of one mapped endpoint share. Any thread; read only but for the count of its connections.</summary>
internal abstract class WebSocketEndpoint
{
    private TopicFrames? _compressedFrames;
    private int _liveCount;

    protected WebSocketEndpoint(WebSocketEndpointOptions options, bool isClient = false)
    {
        Options = options.Freeze();
        Rules = new FrameRules
        {
            IsMaskExpected = !isClient,
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

    /// <summary>Whether this side made the connection: it masks, and leaves the end of the connection beneath to the server.</summary>
    public bool IsClient => !Rules.IsMaskExpected;

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

    /// <summary>How messages of topics are framed for a connection; those that can read it share a compressed form.</summary>
    public TopicFrames FramesFor(WebSocketConnection socket)
    {
        if (Contexts is not { } contexts || socket.Deflate.SendTakeover || socket.Deflate.SendWindowBits != TopicFrames.WindowBits)
        {
            return TopicFrames.Plain;
        }

        if (Volatile.Read(ref _compressedFrames) is { } known)
        {
            return known;
        }

        var made = new TopicFrames(contexts, ThresholdBytes);
        return Interlocked.CompareExchange(ref _compressedFrames, made, null) ?? made;
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
    public virtual ValueTask OnPart(WebSocketConnection socket, int heldBytes, bool isText) => ValueTask.CompletedTask;

    /// <summary>The peer has sent FIN while the handler holds it back: no more comes than what the kernel has.</summary>
    public virtual void OnPeerGone(WebSocketConnection socket)
    {
    }

    /// <summary>The peer broke a rule. The close frame that tells it waits for this task: answers to the good messages before may go first.</summary>
    public virtual ValueTask WhenSettled(WebSocketConnection socket) => ValueTask.CompletedTask;

    /// <summary>This side fails the connection, and is about to send its close frame: the last moment for what goes before it.</summary>
    public virtual void OnFailing(WebSocketConnection socket)
    {
    }

    public abstract void OnDrain(WebSocketConnection socket);

    /// <summary>Messages of a topic are lost to the connection; what follows them is sent when this has returned.</summary>
    public virtual void OnTopicGap(WebSocketConnection socket, in TopicGap gap)
        => socket.Close(ClosePayload.TryAgainLater, "messages of a topic were lost");

    public abstract void OnPing(WebSocketConnection socket, ReadOnlySpan<byte> payload);

    public abstract void OnPong(WebSocketConnection socket, ReadOnlySpan<byte> payload);

    /// <summary>Whether the answer to the peer's close frame is left to whoever reads; messages end with it.</summary>
    public virtual bool DefersCloseAnswer(WebSocketConnection socket) => false;

    /// <summary>The peer asks to close; the answer is returned.</summary>
    public virtual WebSocketCloseAnswer OnCloseReceived(WebSocketConnection socket, WebSocketCloseAnswer asked) => asked;

    /// <summary>The server stops: the connection is closed with 1001 when this has returned.</summary>
    public virtual void OnStopping(WebSocketConnection socket)
    {
    }

    public abstract void OnClose(WebSocketConnection socket, WebSocketClosure closure);

    public abstract void OnError(WebSocketConnection socket, Exception exception);

    private static long Milliseconds(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? 0 : Math.Max((long)time.TotalMilliseconds, 1);
}
