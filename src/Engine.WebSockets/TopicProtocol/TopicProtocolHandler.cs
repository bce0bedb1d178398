using System.Collections.Concurrent;
using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>
/// Serves <c>topics.v1</c>: reads a client's commands and answers each, in order. The next command is read when the answer to the last one is in the connection's
/// queue, so a client that does not read its answers is slowed by TCP.
/// </summary>
internal sealed class TopicProtocolHandler(TopicHub hub, TopicProtocolOptions options) : WebSocketHandler<TopicPeer>
{
    private static readonly TopicPeer Nobody = new();

    private readonly ConcurrentDictionary<(TopicFrames Frames, TopicDialect Dialect), TopicProtocolForm> _forms = new();

    public override async ValueTask OnUpgradeAsync(WebSocketUpgrade<TopicPeer> upgrade)
    {
        ArgumentNullException.ThrowIfNull(upgrade);
        TopicPeer? peer = options.AuthenticateAsync is { } authenticate ? await authenticate(upgrade.Context).ConfigureAwait(true) : Nobody;
        if (peer is null && upgrade.Context.Response.StatusCode is 200 or 101)
        {
            upgrade.Context.Response.StatusCode = 403;
        }

        upgrade.Data = peer;
    }

    public override void OnOpen(WebSocketConnection<TopicPeer> socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        TopicDialect dialect = DialectOf(socket);
        TopicProtocolForm form = _forms.GetOrAdd((socket.Endpoint.FramesFor(socket), dialect), static key => new TopicProtocolForm(key.Frames, key.Dialect));
        var subscriber = new TopicProtocolSubscriber(hub, socket, form, dialect) { MemberName = socket.Data!.MemberName };
        if (!socket.Data.MemberInfo.IsEmpty)
        {
            subscriber.MemberInfo = socket.Data.MemberInfo;
        }

        socket.SetSubscriber(subscriber);
    }

    public override ValueTask OnMessage(WebSocketConnection<TopicPeer> socket, WebSocketMessage message)
    {
        ArgumentNullException.ThrowIfNull(socket);
        TopicDialect dialect = DialectOf(socket);
        if (message.IsText != (dialect.Opcode == FrameOpcode.Text) || dialect.Read(message.Data) is not { } command)
        {
            // Whoever sends this speaks something else, and would do so again.
            socket.Close(WebSocketCloseStatus.PolicyViolation, "not a topics.v1 command");
            return ValueTask.CompletedTask;
        }

        return command.Kind switch
        {
            TopicCommandKind.Subscribe => SubscribeAsync(socket, command),
            TopicCommandKind.Unsubscribe => UnsubscribeAsync(socket, command),
            TopicCommandKind.Publish => PublishAsync(socket, command),
            TopicCommandKind.Ping => AnswerAsync(socket, dialect.Pong(command)),
            _ => AnswerAsync(socket, dialect.Error(command.Id, "unknownType", "never")),
        };
    }

    /// <summary>Tells the client when to come back, so that not all of them come at once; the connection closes when this returns.</summary>
    public override void OnStopping(WebSocketConnection<TopicPeer> socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Send(socket, DialectOf(socket).Advice(options.ReconnectWindow));
    }

    private static TopicDialect DialectOf(WebSocketConnection socket)
        => socket.SubProtocol == TopicProtocolRoutes.BinarySubProtocol ? BinaryDialect.Instance : JsonDialect.Instance;

    private static SendStatus Send(WebSocketConnection socket, byte[] message) => socket.TrySend(DialectOf(socket).Opcode, message, compress: true);

    private static ValueTask AnswerAsync(WebSocketConnection socket, byte[] answer)
    {
        SendStatus status = Send(socket, answer);
        return status == SendStatus.Dropped ? WaitAsync(socket, answer) : ValueTask.CompletedTask;
    }

    private static async ValueTask WaitAsync(WebSocketConnection socket, byte[] answer)
    {
        while (socket.IsOpen && Send(socket, answer) == SendStatus.Dropped)
        {
            await socket.WhenWritableAsync().ConfigureAwait(true);
        }
    }

    private static (string Code, string Retry) ErrorOf(SubscribeStatus status) => status switch
    {
        SubscribeStatus.InvalidTopic => ("invalidTopic", "never"),
        SubscribeStatus.TooManySubscriptions => ("tooManySubscriptions", "never"),
        SubscribeStatus.TooManyTopics => ("tooManyTopics", "later"),
        SubscribeStatus.Unavailable => ("unavailable", "later"),
        _ => ("closed", "later"),
    };

    private static (string Code, string Retry) ErrorOf(PublishStatus status) => status switch
    {
        PublishStatus.Outdated => ("outdated", "never"),
        PublishStatus.InvalidTopic => ("invalidTopic", "never"),
        PublishStatus.TooLarge => ("tooLarge", "never"),
        PublishStatus.TooManyTopics => ("tooManyTopics", "later"),
        PublishStatus.Unavailable => ("unavailable", "later"),
        _ => ("closed", "later"),
    };

    private async ValueTask SubscribeAsync(WebSocketConnection<TopicPeer> socket, TopicCommand command)
    {
        if (options.AuthorizeSubscribeAsync is { } authorize && !await authorize(socket.Data!, command.Topic).ConfigureAwait(true))
        {
            await AnswerAsync(socket, DialectOf(socket).Error(command.Id, "forbidden", "never")).ConfigureAwait(true);
            return;
        }

        await hub.PrepareAsync(command.Topic, command.After).ConfigureAwait(true);

        // Nothing of the topic is sent before this returns to the loop, so the answer comes first.
        SubscribeResult result = socket.Subscribe(command.Topic, command.After, command.LastCount);
        (string code, string retry) = result.IsSubscribed ? ("", "") : ErrorOf(result.Status);
        await AnswerAsync(socket, result.IsSubscribed ? DialectOf(socket).Subscribed(command, result) : DialectOf(socket).Error(command.Id, code, retry)).ConfigureAwait(true);
    }

    private static ValueTask UnsubscribeAsync(WebSocketConnection socket, TopicCommand command)
        => AnswerAsync(socket, socket.Unsubscribe(command.Topic) ? DialectOf(socket).Unsubscribed(command) : DialectOf(socket).Error(command.Id, "notSubscribed", "never"));

    private async ValueTask PublishAsync(WebSocketConnection<TopicPeer> socket, TopicCommand command)
    {
        if (!command.HasPayload)
        {
            await AnswerAsync(socket, DialectOf(socket).Error(command.Id, "noPayload", "never")).ConfigureAwait(true);
            return;
        }

        if (options.AuthorizePublishAsync is { } authorize && !await authorize(socket.Data!, command.Topic).ConfigureAwait(true))
        {
            await AnswerAsync(socket, DialectOf(socket).Error(command.Id, "forbidden", "never")).ConfigureAwait(true);
            return;
        }

        TopicMessage message = command.ToMessage();
        if (options.Complete is { } complete)
        {
            message = complete(socket.Data!, command.Topic, message);
        }

        ValueTask<PublishResult> publishing = command.HasEcho ? hub.PublishAsync(command.Topic, message) : socket.PublishAsync(command.Topic, message);
        if (publishing.IsCompleted)
        {
            await AnswerPublishAsync(socket, command, await publishing.ConfigureAwait(true)).ConfigureAwait(true);
            return;
        }

        // A broker is asked: the client's next commands, a ping among them, do not wait for that. The outbox bounds how many wait.
        _ = WaitForBrokerAsync(socket, command, publishing);
    }

    private static async Task WaitForBrokerAsync(WebSocketConnection socket, TopicCommand command, ValueTask<PublishResult> publishing)
    {
        try
        {
            // Back on the loop, by its synchronization context.
            await AnswerPublishAsync(socket, command, await publishing.ConfigureAwait(true)).ConfigureAwait(true);
        }
        catch (OperationCanceledException)
        {
            await AnswerAsync(socket, DialectOf(socket).Error(command.Id, "closed", "later")).ConfigureAwait(true);
        }
    }

    private static async ValueTask AnswerPublishAsync(WebSocketConnection socket, TopicCommand command, PublishResult result)
    {
        (string code, string retry) = result.IsAccepted ? ("", "") : ErrorOf(result.Status);
        await AnswerAsync(socket, result.IsAccepted ? DialectOf(socket).Published(command, result) : DialectOf(socket).Error(command.Id, code, retry)).ConfigureAwait(true);
    }
}
