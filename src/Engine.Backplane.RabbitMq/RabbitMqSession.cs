using System.Collections.Concurrent;
using Engine.PubSub;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Engine.Backplane.RabbitMq;

/// <summary>
/// One connection from its opening to its end, with the node's queue, which ends with it. Another session takes its place: the client's own recovery is not used, because
/// it does not say what was missed. Any thread.
/// </summary>
internal sealed class RabbitMqSession : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    private readonly RabbitMqBackplaneOptions _options;
    private readonly IBackplaneListener _listener;
    private readonly ConnectionFactory _factory;
    private readonly ConcurrentDictionary<string, string> _topics = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenRegistration _owner;
    private IConnection? _connection;
    private IChannel _publishing = null!;
    private IChannel _hearing = null!;
    private string _queue = "";

    /// <param name="options">Where the server is.</param>
    /// <param name="listener">Told what arrives.</param>
    /// <param name="ended">Ends the session too.</param>
    public RabbitMqSession(RabbitMqBackplaneOptions options, IBackplaneListener listener, CancellationToken ended)
    {
        _options = options;
        _listener = listener;
        _factory = new ConnectionFactory
        {
            Uri = new Uri(options.Url),
            ClientProvidedName = "engine",
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = AnswerTimeout,
            RequestedConnectionTimeout = AnswerTimeout,
            HandshakeContinuationTimeout = AnswerTimeout,
            ContinuationTimeout = AnswerTimeout,
        };
        _owner = ended.UnsafeRegister(static session => ((RabbitMqSession)session!).Lose(), this);
    }

    /// <summary>Cancelled when the session ends.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Connects, and makes the exchange and the node's queue.</summary>
    public async Task OpenAsync()
    {
        _connection = await _factory.CreateConnectionAsync(Ended).ConfigureAwait(false);
        _connection.ConnectionShutdownAsync += OnEndAsync;
        _publishing = await _connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null),
            Ended).ConfigureAwait(false);
        _publishing.ChannelShutdownAsync += OnEndAsync;
        await _publishing.ExchangeDeclareAsync(_options.Exchange, ExchangeType.Topic, durable: true, cancellationToken: Ended).ConfigureAwait(false);

        // A channel of its own: one at a time hears, in the queue's order.
        _hearing = await _connection.CreateChannelAsync(new CreateChannelOptions(false, false, consumerDispatchConcurrency: 1), Ended).ConfigureAwait(false);
        _hearing.ChannelShutdownAsync += OnEndAsync;
        var bound = new Dictionary<string, object?> { ["x-max-length"] = _options.MaxQueuedMessages };
        QueueDeclareOk queue = await _hearing.QueueDeclareAsync("", durable: false, exclusive: true, autoDelete: true, bound, cancellationToken: Ended).ConfigureAwait(false);
        _queue = queue.QueueName;
        var consumer = new AsyncEventingBasicConsumer(_hearing);
        consumer.ReceivedAsync += OnReceivedAsync;
        consumer.UnregisteredAsync += OnEndAsync;
        await _hearing.BasicConsumeAsync(_queue, autoAck: true, consumer, Ended).ConfigureAwait(false);
        Ended.ThrowIfCancellationRequested();
    }

    /// <summary>Returns when the session ends.</summary>
    public async Task WatchAsync()
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = Ended.UnsafeRegister(static end => ((TaskCompletionSource)end!).TrySetResult(), end);
        await end.Task.ConfigureAwait(false);
    }

    /// <summary>Ends the session: something may have been missed.</summary>
    public void Lose() => _ = _ended.CancelAsync();

    /// <summary>Publishes, and returns when the server has confirmed it. How long that takes is the server's: it may hold publishers back. Heartbeats tell when it is gone.</summary>
    public async Task PublishAsync(string topic, ReadOnlyMemory<byte> payload)
        => await _publishing.BasicPublishAsync(_options.Exchange, RoutingKeys.Of(topic), mandatory: false, payload, Ended).AsTask().WaitAsync(Ended).ConfigureAwait(false);

    /// <summary>Binds the topic to the node's queue, unless this has been done, and returns when the server has done so.</summary>
    public Task SubscribeAsync(string topic)
    {
        string key = RoutingKeys.Of(topic);
        _topics[key] = topic;
        return AskAsync(() => _hearing.QueueBindAsync(_queue, _options.Exchange, key, cancellationToken: Ended));
    }

    public Task UnsubscribeAsync(string topic)
    {
        string key = RoutingKeys.Of(topic);
        return _topics.TryRemove(key, out _) ? AskAsync(() => _hearing.QueueUnbindAsync(_queue, _options.Exchange, key, cancellationToken: Ended)) : Task.CompletedTask;
    }

    /// <summary>Ends it, and returns when nobody is told anything any more. The client gets a while to end by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        await _owner.DisposeAsync().ConfigureAwait(false);
        await _ended.CancelAsync().ConfigureAwait(false);
        if (_connection is { } connection)
        {
            try
            {
                await connection.CloseAsync(Constants.ReplySuccess, "", CloseTimeout, abort: true).WaitAsync(CloseTimeout).ConfigureAwait(false);
                await connection.DisposeAsync().AsTask().WaitAsync(CloseTimeout).ConfigureAwait(false);
            }
            catch (Exception)
            {
                // It goes on ending, or has ended with what broke it.
            }
        }
    }

    /// <summary>Waits for the server's answer. The session ends with one that does not come.</summary>
    private async Task AskAsync(Func<Task> ask)
    {
        try
        {
            await ask().WaitAsync(AnswerTimeout, Ended).ConfigureAwait(false);
        }
        catch (Exception)
        {
            Lose();
            throw;
        }
    }

    private Task OnEndAsync(object sender, AsyncEventArgs arguments)
    {
        Lose();
        return Task.CompletedTask;
    }

    private Task OnReceivedAsync(object sender, BasicDeliverEventArgs delivery)
    {
        if (!Ended.IsCancellationRequested && _topics.TryGetValue(delivery.RoutingKey, out string? topic))
        {
            // The client takes its memory back after the call.
            _listener.OnMessage(new BackplaneMessage(topic, default, null, delivery.Body.ToArray()));
        }

        return Task.CompletedTask;
    }
}
