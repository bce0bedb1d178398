using System.Net.WebSockets;
using System.Threading.Channels;

namespace Engine.WebSockets;

/// <summary>One connection of a <see cref="TopicClient"/>: sends commands in order, reads what the server says and hands it to whom it is meant for.</summary>
internal sealed class TopicClientSession(WebSocketConnection socket, TopicOutbox outbox, Action<TopicServerMessage> onAdvice)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly Channel<byte[]> _commands = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, TopicSubscription> _asked = [];
    private readonly Dictionary<ulong, (TopicSubscription Subscription, ulong Epoch)> _byNumber = [];
    private ulong _lastId;

    /// <summary>Asks for a subscription; returns the id of the command. Any thread.</summary>
    public ulong Subscribe(TopicSubscription subscription, string topic, TopicPosition? after, int lastCount)
    {
        lock (_gate)
        {
            // Odd, and the serials of messages even: an error tells only the id.
            ulong id = (++_lastId << 1) | 1;
            _asked[id] = subscription;
            _commands.Writer.TryWrite(TopicClientCommands.Subscribe(id, topic, after, lastCount));
            return id;
        }
    }

    /// <summary>Ends a subscription. Any thread.</summary>
    public void Unsubscribe(string topic) => _commands.Writer.TryWrite(TopicClientCommands.Unsubscribe(0, topic));

    /// <summary>Sends what waits in the outbox and was not sent here. Any thread.</summary>
    public void Flush() => outbox.Flush(this, command => _commands.Writer.TryWrite(command));

    /// <summary>Reads until the connection ends; returns how it did.</summary>
    public async Task<WebSocketClosure> RunAsync()
    {
        Task sending = SendAsync();
        try
        {
            await foreach (ReceivedMessage received in socket.ReadAllAsync().ConfigureAwait(false))
            {
                if (received.IsText || TopicServerMessage.Read(received.Data.Span) is not { } message)
                {
                    socket.Close(WebSocketCloseStatus.PolicyViolation, "not topics.v1");
                    continue;
                }

                Take(message);
            }
        }
        finally
        {
            _commands.Writer.TryComplete();
            await sending.ConfigureAwait(false);
        }

        return socket.Closure ?? new WebSocketClosure(ClosePayload.Abnormal, "", false, CloseReason.TransportError);
    }

    private async Task SendAsync()
    {
        await foreach (byte[] command in _commands.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (await socket.SendBinaryAsync(command).ConfigureAwait(false) == SendStatus.Closed)
            {
                return;
            }
        }
    }

    private void Take(TopicServerMessage message)
    {
        switch (message.Code)
        {
            case BinaryCode.Message:
                if (Find(message.TopicNumber) is { Subscription: { } hearing } route)
                {
                    hearing.Take(message, route.Epoch);
                }

                break;
            case BinaryCode.Gap:
                TakeGap(message);
                break;
            case BinaryCode.Subscribed:
                TakeSubscribed(message);
                break;
            case BinaryCode.Published or BinaryCode.Error:
                TakeAnswer(message);
                break;
            case BinaryCode.Advice:
                onAdvice(message);
                break;
        }
    }

    private (TopicSubscription? Subscription, ulong Epoch) Find(ulong number)
    {
        lock (_gate)
        {
            return _byNumber.GetValueOrDefault(number);
        }
    }

    private void TakeGap(TopicServerMessage message)
    {
        TopicSubscription? subscription;
        lock (_gate)
        {
            if (!_byNumber.TryGetValue(message.TopicNumber, out (TopicSubscription Subscription, ulong Epoch) route))
            {
                return;
            }

            subscription = route.Subscription;
            _byNumber[message.TopicNumber] = (subscription, message.To.Epoch);
        }

        subscription.TakeGap(message);
    }

    private void TakeSubscribed(TopicServerMessage message)
    {
        TopicSubscription? subscription;
        lock (_gate)
        {
            if (!_asked.Remove(message.Id, out subscription))
            {
                return;
            }

            _byNumber[message.TopicNumber] = (subscription, message.Position.Epoch);
        }

        subscription.Begun(message);
    }

    private void TakeAnswer(TopicServerMessage message)
    {
        TopicSubscription? subscription = null;
        lock (_gate)
        {
            if (message.Code == BinaryCode.Error)
            {
                _asked.Remove(message.Id, out subscription);
            }
        }

        if (subscription is not null)
        {
            Refused(subscription, message);
        }
        else if (outbox.Find(message.Id) is { } entry)
        {
            Acknowledge(entry, message);
        }
    }

    private void Refused(TopicSubscription subscription, TopicServerMessage message)
    {
        if (message.MayRetry)
        {
            _ = LaterAsync(() => subscription.Begin(this));
            return;
        }

        subscription.Fail(new TopicException(message.ErrorCode, false, $"The server refuses the topic {subscription.Topic}: {message.ErrorCode}."));
    }

    private void Acknowledge(TopicOutbox.Entry entry, TopicServerMessage message)
    {
        if (message.Code == BinaryCode.Error && message.MayRetry)
        {
            _ = LaterAsync(() =>
            {
                outbox.Again(entry);
                Flush();
            });
            return;
        }

        outbox.Remove(entry);
        Flush();
        if (message.Code == BinaryCode.Published)
        {
            entry.TrySetResult(new TopicAcknowledgement(entry.Topic, message.Position, message.IsDuplicate));
        }
        else
        {
            entry.TrySetException(new TopicException(message.ErrorCode, false, $"The server refuses a message to {entry.Topic}: {message.ErrorCode}."));
        }
    }

    /// <summary>Does something after half a second to two, unless the connection has ended by then.</summary>
    private async Task LaterAsync(Action work)
    {
        await Task.Delay(RetryDelay * (1 + (3 * Random.Shared.NextDouble())), socket.ClosedToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (socket.IsOpen)
        {
            work();
        }
    }
}
