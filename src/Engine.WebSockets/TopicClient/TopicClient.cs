using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>
/// A client of <c>topics.v1</c>: subscriptions that go on where they were after each loss of the connection, and messages that are sent until the topic has them, once.
/// What is missing is told. It connects with the first subscription or message, and comes back by itself.
/// </summary>
/// <remarks>
/// All members may be called from any thread. Events and callbacks run one at a time on threads of the pool, and hold the client up: keep them short, and do not
/// wait for <see cref="DisposeAsync"/> in them. What they throw goes to <see cref="Faulted"/>. A server that was restarted has forgotten the keys by which it
/// knows a message that comes twice: where that matters, give messages an <see cref="TopicMessage.IdempotencyKey"/> that readers see too, and subscribe with
/// <see cref="TopicSubscribeOptions.Unique"/>.
/// </remarks>
public sealed partial class TopicClient : IAsyncDisposable
{
    private readonly Uri _uri;
    private readonly TopicClientOptions _options;
    private readonly TopicOutbox _outbox;
    private readonly TopicBackoff _backoff;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _hurry = new(0);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TopicSubscription> _subscriptions = new(StringComparer.Ordinal);
    private TopicClientSession? _session;
    private Task? _running;
    private int _status;
    private bool _isDisposed;

    /// <summary>Makes a client; its first subscription or message connects it.</summary>
    /// <param name="uri">The ws or wss URI of a route of <see cref="TopicProtocolRoutes.MapTopicProtocol"/>.</param>
    /// <param name="options">Read now.</param>
    /// <exception cref="ArgumentException">The URI is no WebSocket's, or an option is out of its range.</exception>
    public TopicClient(Uri uri, TopicClientOptions? options = null)
    {
        WebSocketAttempt.CheckUri(uri, nameof(uri));
        _uri = uri;
        _options = (options ?? new TopicClientOptions()).Freeze();
        _options.Connection.SubProtocols.Clear();
        _options.Connection.SubProtocols.Add(TopicProtocolRoutes.BinarySubProtocol);
        _outbox = new TopicOutbox(_options.MaxOutboxMessages, _options.MaxOutboxBytes);
        _backoff = new TopicBackoff(_options.Connection.MinReconnectDelay, _options.Connection.MaxReconnectDelay, Random.Shared.NextDouble);
    }

    /// <summary>The status has changed.</summary>
    public event Action<TopicClientState>? StatusChanged;

    /// <summary>Messages of a subscription are missing.</summary>
    public event Action<TopicGap>? GapFound;

    /// <summary>Code of the host that the client called has thrown. What a handler of this event throws is ignored.</summary>
    public event Action<Exception>? Faulted;

    /// <summary>Names this client in the idempotency keys of its messages.</summary>
    public string Id { get; } = RandomNumberGenerator.GetHexString(16, lowercase: true);

    /// <summary>Where the client stands.</summary>
    public TopicClientStatus Status => (TopicClientStatus)Volatile.Read(ref _status);

    /// <summary>Messages that wait for their acknowledgement.</summary>
    public int PendingCount => _outbox.Count;

    /// <summary>Connects at once: without a subscription, instead of waiting for the next attempt, or after the server has sent this client away.</summary>
    /// <exception cref="ObjectDisposedException">The client was disposed.</exception>
    public void Connect()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            Start();
        }

        if (Status == TopicClientStatus.Waiting && _hurry.CurrentCount == 0)
        {
            _hurry.Release();
        }
    }

    /// <summary>
    /// Subscribes to a topic, or to a pattern where the server allows it. After the server has sent the client away it begins with the next <see cref="Connect"/>.
    /// </summary>
    /// <param name="topic">The topic or pattern. A client has one subscription to each at a time.</param>
    /// <param name="options">Where it begins, and callbacks; the next message and a loop when null.</param>
    /// <exception cref="InvalidOperationException">This client is subscribed to the topic.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed.</exception>
    public TopicSubscription Subscribe(string topic, TopicSubscribeOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        var subscription = new TopicSubscription(this, topic, (options ?? new TopicSubscribeOptions()).Freeze(), _options.MaxQueuedMessages);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_subscriptions.TryAdd(topic, subscription))
            {
                throw new InvalidOperationException($"This client is subscribed to {topic}.");
            }

            if (_session is { } session)
            {
                subscription.Begin(session);
            }
            else if (Status == TopicClientStatus.Idle)
            {
                Start();
            }
        }

        return subscription;
    }

    /// <summary>Subscribes to a topic and takes its messages by a callback.</summary>
    /// <param name="topic">The topic or pattern. A client has one subscription to each at a time.</param>
    /// <param name="onMessage">Takes each message.</param>
    /// <exception cref="InvalidOperationException">This client is subscribed to the topic.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed.</exception>
    public TopicSubscription Subscribe(string topic, Action<ReceivedTopicMessage> onMessage) => Subscribe(topic, new TopicSubscribeOptions { OnMessage = onMessage });

    /// <summary>
    /// Publishes a message now, or when there is a connection again; completes when the topic has it. Tries that may have been lost are repeated under the same key, and the
    /// topic has the message once.
    /// </summary>
    /// <param name="topic">Where to.</param>
    /// <param name="message">The message, copied. A client cannot remove a key.</param>
    /// <param name="cancellationToken">Ends the wait. A message that was not sent yet is taken back; one that was, may still be published.</param>
    /// <exception cref="TopicException">The server refuses the message, the outbox is full, or the client was disposed or sent away.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<TopicAcknowledgement> PublishAsync(string topic, TopicMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        if (message.IsRemoval)
        {
            throw new ArgumentException("A client cannot remove a key.", nameof(message));
        }

        cancellationToken.ThrowIfCancellationRequested();
        TopicOutbox.Entry entry;
        lock (_gate)
        {
            if (_isDisposed || Status == TopicClientStatus.Closed)
            {
                throw _isDisposed ? Ended() : SentAway("");
            }

            entry = _outbox.TryAdd(Id, topic, message) ?? throw new TopicException("outboxFull", true, "Too many messages wait for their acknowledgement.");
            Start();
            _session?.Flush();
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister((_, token) => Cancel(entry, token), null);
        return await entry.Task.ConfigureAwait(false);
    }

    /// <summary>Publishes a text, as the overload with a <see cref="TopicMessage"/> does.</summary>
    /// <exception cref="TopicException">The server refuses the message, the outbox is full, or the client was disposed or sent away.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<TopicAcknowledgement> PublishAsync(string topic, string text, CancellationToken cancellationToken = default)
        => PublishAsync(topic, new TopicMessage(text), cancellationToken);

    /// <summary>Publishes a value as JSON, written by source-generated metadata, as the overload with a <see cref="TopicMessage"/> does.</summary>
    /// <exception cref="TopicException">The server refuses the message, the outbox is full, or the client was disposed or sent away.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<TopicAcknowledgement> PublishJsonAsync<T>(string topic, T value, JsonTypeInfo<T> typeInfo, CancellationToken cancellationToken = default)
        => PublishAsync(topic, new TopicMessage(JsonSerializer.SerializeToUtf8Bytes(value, typeInfo), PayloadKind.Json), cancellationToken);

    /// <summary>Ends every subscription and the connection, with 1000. What waits for its acknowledgement fails with <c>closed</c>.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? running;
        TopicSubscription[] subscriptions;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            running = _running;
            subscriptions = [.. _subscriptions.Values];
        }

        Array.ForEach(subscriptions, static subscription => subscription.Dispose());
        await _closing.CancelAsync().ConfigureAwait(false);
        if (running is not null)
        {
            await running.ConfigureAwait(false);
        }

        foreach (TopicOutbox.Entry entry in _outbox.Clear())
        {
            entry.TrySetException(Ended());
        }

        if (_ownEngine is { } engine)
        {
            await engine.DisposeAsync().ConfigureAwait(false);
        }

        Move(new TopicClientState(TopicClientStatus.Closed, 0, "", TimeSpan.Zero));
        _closing.Dispose();
        _hurry.Dispose();
    }

    /// <summary>A subscription has ended.</summary>
    internal void Leave(string topic)
    {
        lock (_gate)
        {
            _subscriptions.Remove(topic);
            _session?.Unsubscribe(topic);
        }
    }

    /// <summary>The server has ended a subscription.</summary>
    internal void Forget(TopicSubscription subscription)
    {
        lock (_gate)
        {
            _subscriptions.Remove(subscription.Topic);
        }
    }

    /// <summary>A subscription has no room: the server is to keep the rest.</summary>
    internal void Pause(string topic) => Volatile.Read(ref _session)?.Unsubscribe(topic);

    /// <summary>A subscription has room again.</summary>
    internal void Resume(TopicSubscription subscription)
    {
        lock (_gate)
        {
            if (_session is { } session)
            {
                subscription.Begin(session);
            }
        }
    }

    internal void RaiseGap(TopicGap gap) => Raise(GapFound, gap);

    internal void RaiseFault(Exception exception)
    {
        try
        {
            Faulted?.Invoke(exception);
        }
        catch (Exception)
        {
            // Documented as ignored: there is nobody left to tell.
        }
    }

    private static TopicException Ended() => new("closed", false, "The client was disposed.");

    private static TopicException SentAway(string why) => new("refused", false, $"The server wants no more of this client. {why}");

    private void Cancel(TopicOutbox.Entry entry, CancellationToken cancellationToken)
    {
        _outbox.Remove(entry, onlyUnsent: true);
        entry.TrySetCanceled(cancellationToken);
    }

    private void Raise<T>(Action<T>? handlers, T value)
    {
        try
        {
            handlers?.Invoke(value);
        }
        catch (Exception exception)
        {
            RaiseFault(exception);
        }
    }
}
