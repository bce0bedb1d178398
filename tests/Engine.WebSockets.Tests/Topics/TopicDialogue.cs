namespace Engine.WebSockets.Tests;

/// <summary>WebSockets of one endpoint with topics, over the in-memory transport: each has a peer whose frames the test sends and reads.</summary>
internal sealed class TopicDialogue
{
    private readonly MemoryServer _server;
    private readonly Queue<DeflateAgreement> _agreements = new();
    private WebSocketConnection<TopicRecorder>? _opened;

    public TopicDialogue(TopicHubOptions? hub = null, Action<WebSocketEndpointOptions>? configure = null, Action<ServerOptions>? configureServer = null)
    {
        Hub = new TopicHub(hub);
        var options = new WebSocketEndpointOptions { Topics = Hub };
        configure?.Invoke(options);
        var serverOptions = new ServerOptions();
        configureServer?.Invoke(serverOptions);
        var endpoint = new HandlerEndpoint<TopicRecorder>(options, new TopicHandler());
        _server = new MemoryServer(serverOptions, connection =>
        {
            _opened = new WebSocketConnection<TopicRecorder>(endpoint, connection, null, _agreements.TryDequeue(out DeflateAgreement deflate) ? deflate : default, new TopicRecorder());
            return _opened.Protocol;
        });
        _server.Engine.HandlerFailed += (_, exception) => Faults.Add(exception);
    }

    public TopicHub Hub { get; }

    public List<Exception> Faults { get; } = [];

    public Member Enter(DeflateAgreement deflate = default)
    {
        _agreements.Enqueue(deflate);
        MemoryPeer peer = _server.Connect();
        return new Member(this, peer, _opened!);
    }

    public void Run() => _server.RunUntilIdle();

    public void Advance(TimeSpan time) => _server.Advance(time);

    /// <summary>One WebSocket and its far end.</summary>
    internal sealed class Member(TopicDialogue dialogue, MemoryPeer peer, WebSocketConnection<TopicRecorder> socket)
    {
        public MemoryPeer Peer => peer;

        public WebSocketConnection<TopicRecorder> Socket => socket;

        public TopicRecorder Recorder => socket.Data;

        /// <summary>The frames that arrived since the last call: <c>1:hello</c>.</summary>
        public List<string> Frames()
        {
            dialogue.Run();
            return Wire.Read(peer.TakeReceived());
        }

        public void Send(params byte[][] frames)
        {
            peer.Send(frames.SelectMany(static frame => frame).ToArray());
            dialogue.Run();
        }
    }
}

/// <summary>What one connection's handler does and was told.</summary>
internal sealed class TopicRecorder
{
    public List<string> Events { get; } = [];

    public Action<WebSocketConnection<TopicRecorder>, TopicGap>? OnGap { get; set; }

    public Action<WebSocketConnection<TopicRecorder>>? OnClose { get; set; }

    public Action<WebSocketConnection<TopicRecorder>>? OnMessage { get; set; }
}

internal sealed class TopicHandler : WebSocketHandler<TopicRecorder>
{
    /// <summary><c>+topic</c> subscribes, <c>-topic</c> unsubscribes, <c>topic=text</c> publishes to all but the sender.</summary>
    public override ValueTask OnMessage(WebSocketConnection<TopicRecorder> socket, WebSocketMessage message)
    {
        string text = message.GetText();
        if (text.StartsWith('+'))
        {
            socket.Subscribe(text[1..]);
        }
        else if (text.StartsWith('-'))
        {
            socket.Unsubscribe(text[1..]);
        }
        else if (text.Split('=') is [var topic, var said])
        {
            socket.Publish(topic, said);
        }

        socket.Data.OnMessage?.Invoke(socket);
        return ValueTask.CompletedTask;
    }

    public override void OnTopicGap(WebSocketConnection<TopicRecorder> socket, in TopicGap gap)
    {
        socket.Data.Events.Add($"gap {gap.Topic} {gap.After.Offset} {gap.To.Offset}");
        if (socket.Data.OnGap is { } onGap)
        {
            onGap(socket, gap);
        }
        else
        {
            base.OnTopicGap(socket, gap);
        }
    }

    public override void OnClose(WebSocketConnection<TopicRecorder> socket, WebSocketClosure closure)
    {
        socket.Data.Events.Add("close");
        socket.Data.OnClose?.Invoke(socket);
    }
}
