using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>A WebSocket over the in-memory transport, just behind its handshake: send frames, run, see what came back and what the handler was told.</summary>
internal sealed class Dialogue
{
    public Dialogue(
        Action<WebSocketEndpointOptions>? configure = null,
        Action<ServerOptions>? configureServer = null,
        Func<WebSocketConnection<Recorder>, WebSocketMessage, ValueTask>? onMessage = null,
        DeflateAgreement deflate = default,
        Action<WebSocketConnection<Recorder>>? onOpen = null)
    {
        var options = new WebSocketEndpointOptions();
        configure?.Invoke(options);
        var serverOptions = new ServerOptions();
        configureServer?.Invoke(serverOptions);
        Handler = new Recorder(onMessage ?? ((socket, message) => socket.EchoAsync(message)), onOpen);
        var endpoint = new HandlerEndpoint<Recorder>(options, Handler);
        Server = new MemoryServer(serverOptions, connection =>
        {
            Socket = new WebSocketConnection<Recorder>(endpoint, connection, null, deflate, Handler);
            return Socket.Protocol;
        });
        Server.Engine.HandlerFailed += (_, exception) => Faults.Add(exception);
        Peer = Server.Connect();
    }

    public MemoryServer Server { get; }

    public MemoryPeer Peer { get; }

    public Recorder Handler { get; }

    public List<Exception> Faults { get; } = [];

    /// <summary>A second WebSocket over the same connection that only echoes, for what the recording would disturb.</summary>
    public WebSocketConnection<int> Echo => field ??= new WebSocketConnection<int>(
        new HandlerEndpoint<int>(new WebSocketEndpointOptions(), new EchoHandler()), Socket.Connection, null, default, 0);

    public WebSocketConnection<Recorder> Socket { get; private set; } = null!;

    /// <summary>Sends bytes in one piece and shows the frames that came back.</summary>
    public List<string> Send(params byte[][] frames)
    {
        Peer.Send(frames.SelectMany(frame => frame).ToArray());
        Server.RunUntilIdle();
        return Take();
    }

    public List<string> Take() => Wire.Read(Peer.TakeReceived());
}

/// <summary>A handler that writes down what it is told.</summary>
internal sealed class Recorder(Func<WebSocketConnection<Recorder>, WebSocketMessage, ValueTask> onMessage, Action<WebSocketConnection<Recorder>>? onOpen) : WebSocketHandler<Recorder>
{
    public List<string> Events { get; } = [];

    public WebSocketClosure Closure { get; private set; }

    public int CloseCount { get; private set; }

    public string Ended => $"{(int)Closure.Code} {Closure.Reason} {(Closure.IsClean ? "clean" : "unclean")} {Closure.Transport}";

    public override void OnOpen(WebSocketConnection<Recorder> socket)
    {
        Events.Add("open");
        onOpen?.Invoke(socket);
    }

    public override ValueTask OnMessage(WebSocketConnection<Recorder> socket, WebSocketMessage message)
    {
        Events.Add((message.IsText ? "text:" : "binary:") + (message.Data.Length < 64 ? Encoding.UTF8.GetString(message.Data) : $"{message.Data.Length} bytes"));
        return onMessage(socket, message);
    }

    public override void OnDrain(WebSocketConnection<Recorder> socket) => Events.Add("drain");

    public override void OnPing(WebSocketConnection<Recorder> socket, ReadOnlySpan<byte> payload) => Events.Add("ping:" + Encoding.UTF8.GetString(payload));

    public override void OnPong(WebSocketConnection<Recorder> socket, ReadOnlySpan<byte> payload) => Events.Add("pong:" + Encoding.UTF8.GetString(payload));

    /// <summary>What the peer's close frame is answered; its own by default.</summary>
    public Func<WebSocketCloseAnswer, WebSocketCloseAnswer> Answer { get; set; } = static asked => asked;

    public override WebSocketCloseAnswer OnCloseReceived(WebSocketConnection<Recorder> socket, WebSocketCloseAnswer asked) => Answer(asked);

    public override void OnClose(WebSocketConnection<Recorder> socket, WebSocketClosure closure)
    {
        CloseCount++;
        Closure = closure;
        Events.Add("close");
    }

    public override void OnError(WebSocketConnection<Recorder> socket, Exception exception) => Events.Add("error:" + exception.Message);
}

/// <summary>Opens when it is let, and counts.</summary>
internal sealed class LateOpener(Task gate) : WebSocketHandler<int>
{
    public List<string> Events { get; } = [];

    public override async ValueTask OnOpenAsync(WebSocketConnection<int> socket)
    {
        await gate;
        Events.Add("open");
    }

    public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message)
    {
        Events.Add(message.GetText());
        return ValueTask.CompletedTask;
    }

    public override void OnError(WebSocketConnection<int> socket, Exception exception) => Events.Add("error:" + exception.Message);
}

/// <summary>Sends back what it gets.</summary>
internal sealed class EchoHandler : WebSocketHandler<int>
{
    public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => socket.EchoAsync(message);
}
