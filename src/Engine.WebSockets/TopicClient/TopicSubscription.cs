using System.Threading.Channels;

namespace Engine.WebSockets;

/// <summary>
/// One topic, or pattern, of a <see cref="TopicClient"/>: a loop over the messages, or a callback. It goes on over every loss of the connection, after the last message
/// that it has, until it is disposed. A loop that ends, disposes it.
/// </summary>
public sealed class TopicSubscription : IAsyncEnumerable<ReceivedTopicMessage>, IDisposable
{
    private const int MaxNames = 1024;

    private readonly TopicClient _client;
    private readonly TopicSubscribeOptions _options;
    private readonly int _maxQueued;
    private readonly Lock _gate = new();
    private readonly Channel<(ReceivedTopicMessage? Message, TopicGap Gap)> _queue = Channel.CreateUnbounded<(ReceivedTopicMessage?, TopicGap)>();
    private readonly Queue<string> _namesInOrder = new();
    private readonly HashSet<string> _names = [];

    /// <summary>The id of the last command that asked for it; its answer is the one that counts.</summary>
    private ulong _askedId;
    private TopicPosition? _received;
    private TopicPosition? _given;
    private TopicKind? _kind;
    private int _queuedCount;

    /// <summary>Whether the server's answer has come on this connection: what comes before it is of an earlier subscription.</summary>
    private bool _isLive;

    /// <summary>Whether the server was asked to keep the rest until the reader has room.</summary>
    private bool _isFull;
    private volatile bool _isEnded;
    private volatile bool _isDiscarded;

    internal TopicSubscription(TopicClient client, string topic, TopicSubscribeOptions options, int maxQueued)
    {
        _client = client;
        Topic = topic;
        _options = options;
        _maxQueued = maxQueued;
        _received = _given = options.After;
    }

    /// <summary>The topic or pattern.</summary>
    public string Topic { get; }

    /// <summary>The position of the last message that was given to the reader; null before the first. Kept, it goes on later as <see cref="TopicSubscribeOptions.After"/>.</summary>
    public TopicPosition? Position
    {
        get
        {
            lock (_gate)
            {
                return _given;
            }
        }
    }

    /// <summary>The topic's kind; null before the server's first answer.</summary>
    public TopicKind? Kind
    {
        get
        {
            lock (_gate)
            {
                return _kind;
            }
        }
    }

    /// <summary>The messages, in order. What waits when the subscription is disposed is not given any more.</summary>
    /// <exception cref="TopicException">The server refuses the subscription.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the subscription has ended.</exception>
    public async IAsyncEnumerator<ReceivedTopicMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (_options.OnMessage is not null)
        {
            throw new InvalidOperationException("The subscription has a callback, which takes its messages.");
        }

        try
        {
            while (await _queue.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (!_isDiscarded && _queue.Reader.TryRead(out (ReceivedTopicMessage? Message, TopicGap Gap) next))
                {
                    if (next.Message is not { } message)
                    {
                        TellGap(next.Gap);
                        continue;
                    }

                    OnGiven(message.Position);
                    yield return message;
                }

                if (_isDiscarded)
                {
                    yield break;
                }
            }
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Ends the subscription. Without effect when it has ended.</summary>
    public void Dispose()
    {
        if (End())
        {
            _isDiscarded = true;
            _queue.Writer.TryComplete();
            _client.Leave(Topic);
        }
    }

    /// <summary>Asks a connection for the topic, from where the subscription stands.</summary>
    internal void Begin(TopicClientSession session)
    {
        lock (_gate)
        {
            _isLive = false;
            if (!_isFull && !_isEnded)
            {
                _askedId = session.Subscribe(this, Topic, _received, _options.LastCount);
            }
        }
    }

    /// <summary>The server has answered.</summary>
    internal void Begun(TopicServerMessage answer)
    {
        TopicGap? gap = null;
        lock (_gate)
        {
            if (answer.Id != _askedId || _isEnded)
            {
                return;
            }

            _isLive = true;
            _kind = answer.Kind;
            if (answer.Status == SubscribeStatus.Lost)
            {
                bool isOther = answer.Kind == TopicKind.Latest || _received is not { } received || received.Epoch != answer.Position.Epoch;
                gap = new TopicGap(Topic, _received ?? default, answer.Position, answer.LostCount);
                _received = isOther ? null : _received;
            }

            if (_received is null && answer.Kind != TopicKind.Latest && answer.RecoveredCount == 0)
            {
                _received = answer.Position;
            }
        }

        if (gap is { } lost)
        {
            Gap(lost);
        }

        Call(_options.OnSubscribed, new SubscribeResult(answer.Status, answer.Kind, answer.Position, answer.RecoveredCount, gap?.After ?? default, answer.LostCount, (int)answer.TopicNumber));
    }

    internal void Take(TopicServerMessage message, ulong epoch)
    {
        var position = new TopicPosition(epoch, message.Position.Offset);
        lock (_gate)
        {
            if (!_isLive || _isFull || _isEnded || (_received is { } last && last.Epoch == epoch && position.Offset <= last.Offset))
            {
                return;
            }

            if (_queuedCount >= _maxQueued)
            {
                // The server keeps what this reader has no room for.
                _isFull = true;
                _client.Pause(Topic);
                return;
            }

            _received = position;
        }

        var received = new ReceivedTopicMessage(message.Topic ?? Topic, position, message.Payload, message.PayloadKind)
        {
            Key = message.Key,
            EventType = message.EventType,
            IsState = message.IsState,
            IsRemoval = message.IsRemoval,
        };
        if (IsRepeated(received))
        {
            return;
        }

        if (_options.OnMessage is { } onMessage)
        {
            SetGiven(position);
            Call(onMessage, received);
            return;
        }

        Interlocked.Increment(ref _queuedCount);
        _queue.Writer.TryWrite((received, default));
    }

    internal void TakeGap(TopicServerMessage message)
    {
        TopicGap gap;
        lock (_gate)
        {
            if (!_isLive || _isFull || _isEnded || (_received is { } last && last.Epoch == message.To.Epoch && message.To.Offset <= last.Offset))
            {
                return;
            }

            gap = new TopicGap(Topic, _received ?? message.Position, message.To, message.LostCount);
            _received = _kind == TopicKind.Latest ? null : message.To;
        }

        Gap(gap);
    }

    /// <summary>The server refuses: what has come is still given, then the error.</summary>
    internal void Fail(TopicException exception)
    {
        if (End())
        {
            _queue.Writer.TryComplete(exception);
            Call(_options.OnError, exception);
            _client.Forget(this);
        }
    }

    private bool End()
    {
        lock (_gate)
        {
            bool isFirst = !_isEnded;
            _isEnded = true;
            return isFirst;
        }
    }

    private bool IsRepeated(ReceivedTopicMessage message)
    {
        if (message.IsRemoval || _options.Unique is not { } unique || Name(unique, message) is not { } name)
        {
            return false;
        }

        if (!_names.Add(name))
        {
            return true;
        }

        _namesInOrder.Enqueue(name);
        if (_names.Count > MaxNames)
        {
            _names.Remove(_namesInOrder.Dequeue());
        }

        return false;
    }

    private string? Name(Func<ReceivedTopicMessage, string?> unique, ReceivedTopicMessage message)
    {
        try
        {
            return unique(message);
        }
        catch (Exception exception)
        {
            _client.RaiseFault(exception);
            return null;
        }
    }

    private void OnGiven(TopicPosition position)
    {
        SetGiven(position);
        if (Interlocked.Decrement(ref _queuedCount) > _maxQueued / 2)
        {
            return;
        }

        lock (_gate)
        {
            if (!_isFull)
            {
                return;
            }

            _isFull = false;
        }

        _client.Resume(this);
    }

    private void SetGiven(TopicPosition position)
    {
        lock (_gate)
        {
            _given = position;
        }
    }

    private void Gap(TopicGap gap)
    {
        _client.RaiseGap(gap);
        if (_options.OnMessage is not null)
        {
            TellGap(gap);
        }
        else
        {
            _queue.Writer.TryWrite((null, gap));
        }
    }

    private void TellGap(TopicGap gap) => Call(_options.OnGap, gap);

    private void Call<T>(Action<T>? callback, T value)
    {
        try
        {
            callback?.Invoke(value);
        }
        catch (Exception exception)
        {
            _client.RaiseFault(exception);
        }
    }
}
