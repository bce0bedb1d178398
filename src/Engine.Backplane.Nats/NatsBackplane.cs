using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Engine.PubSub;
using NATS.Client.Core;

namespace Engine.Backplane.Nats;

/// <summary>
/// Joins hubs over NATS 2.9 or newer with JetStream. Publications that are kept go into one stream, which gives them their positions and tells the nodes that
/// listen; others go over core NATS. Any thread.
/// </summary>
public sealed class NatsBackplane : IBackplane
{
    private static readonly TimeSpan ConnectWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    private readonly NatsBackplaneOptions _options;
    private readonly NatsConnection _connection;
    private readonly NatsHistory _history;
    private readonly ConcurrentDictionary<string, INatsSub<byte[]>> _subscriptions = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ended = new();
    private readonly SemaphoreSlim _changed = new(0);
    private IBackplaneListener? _listener;
    private volatile CancellationTokenSource _connected = new();
    private volatile CancellationTokenSource _attempt = new();
    private Task _watching = Task.CompletedTask;
    private volatile int _losses;
    private volatile bool _isConnected;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public NatsBackplane(NatsBackplaneOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Freeze();
        _connection = new NatsConnection(new NatsOpts
        {
            Url = _options.Url,
            Name = "engine",
            RetryOnInitialConnect = true,
            MaxReconnectRetry = -1,
            ReconnectWaitMin = TimeSpan.FromMilliseconds(100),
            ReconnectWaitMax = TimeSpan.FromSeconds(1),
            ReconnectJitter = TimeSpan.FromMilliseconds(100),
            ConnectTimeout = TimeSpan.FromSeconds(2),
            RequestTimeout = TimeSpan.FromSeconds(5),
            CommandTimeout = TimeSpan.FromSeconds(5),
            PingInterval = TimeSpan.FromSeconds(5),
            MaxPingOut = 2,
            SubPendingChannelCapacity = 65_536,
            SubPendingChannelFullMode = BoundedChannelFullMode.DropNewest,
        });
        _history = new NatsHistory(_connection, _options, OnLoss);
        _connection.ConnectionDisconnected += OnEvent;
        _connection.ConnectionOpened += OnEvent;
        _connection.MessageDropped += OnEvent;
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <summary>What the broker can do. The largest payload is the server's default of 1 MiB without headers.</summary>
    public BackplaneTraits Traits { get; } = new(KeepsHistory: true, HasConsecutiveOffsets: false, MaxPayloadBytes: (1 << 20) - 1_024);

    /// <inheritdoc/>
    public BackplaneState State => _isConnected ? BackplaneState.Connected : BackplaneState.Away;

    /// <inheritdoc/>
    public void Start(IBackplaneListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        _listener = listener;
        _watching = WatchAsync();
    }

    /// <inheritdoc/>
    public async ValueTask<BackplaneReceipt> PublishAsync(BackplanePublication publication, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(publication);
        CheckConnected();
        if (publication.IsKept)
        {
            return await AskAsync(token => _history.PublishAsync(SubjectOf("kept", publication.Topic), publication, token)).ConfigureAwait(false);
        }

        await _connection.PublishAsync(SubjectOf("live", publication.Topic), publication.Payload, cancellationToken: _connected.Token).ConfigureAwait(false);
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask SubscribeAsync(string topic, bool isKept, CancellationToken cancellationToken)
    {
        CheckConnected();
        string subject = SubjectOf(isKept ? "told" : "live", topic);
        if (!_subscriptions.ContainsKey(subject))
        {
            INatsSub<byte[]> subscription = await _connection.SubscribeCoreAsync<byte[]>(subject, cancellationToken: cancellationToken).ConfigureAwait(false);
            _subscriptions[subject] = subscription;
            _ = ListenAsync(subscription, topic, isKept);
        }

        // The client subscribes again by itself after a reconnect, before anything else: an answer to a ping says that the server has seen it.
        await _connection.PingAsync(_connected.Token).AsTask().WaitAsync(AnswerTimeout, _connected.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask UnsubscribeAsync(string topic, bool isKept)
    {
        if (_subscriptions.TryRemove(SubjectOf(isKept ? "told" : "live", topic), out INatsSub<byte[]>? subscription))
        {
            await subscription.UnsubscribeAsync().ConfigureAwait(false);
            await subscription.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BackplaneHistory> ReadAfterAsync(string topic, TopicPosition after, int maxMessages, CancellationToken cancellationToken)
    {
        CheckConnected();
        return await AskAsync(token => _history.ReadAfterAsync(topic, SubjectOf("kept", topic), after, maxMessages, token)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _attempt.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private string SubjectOf(string part, string topic) => $"{_options.Prefix}.{part}.{NatsSubjects.Of(topic)}";

    /// <summary>
    /// Waits for an answer until the connection ends, whose answers will not come, and no longer than one may take: what was sent while the server came up may be lost,
    /// and its answer with it.
    /// </summary>
    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_connected.Token);
        patience.CancelAfter(AnswerTimeout);
        return await ask(patience.Token).WaitAsync(patience.Token).ConfigureAwait(false);
    }

    private void CheckConnected()
    {
        if (!_isConnected)
        {
            throw new IOException("NATS is away.");
        }
    }

    private ValueTask OnEvent(object? sender, EventArgs arguments)
    {
        OnLoss();
        return ValueTask.CompletedTask;
    }

    /// <summary>Something may have been missed.</summary>
    private void OnLoss()
    {
        Interlocked.Increment(ref _losses);
        _attempt.Cancel();
        _changed.Release();
    }

    /// <summary>Connects, makes the stream, and from then on tells of every interruption.</summary>
    private async Task WatchAsync()
    {
        await Task.Yield();
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                int losses = _losses;
                if (_connection.ConnectionState != NatsConnectionState.Open)
                {
                    // Asked again and again: a wait that began while the client was giving a connection up may never end.
                    await _connection.ConnectAsync().AsTask().WaitAsync(ConnectWait, _ended.Token).ConfigureAwait(false);
                }

                // Given up when the connection ends: what was asked for will not be answered.
                _attempt = new CancellationTokenSource(AnswerTimeout);
                await _history.EnsureAsync(_attempt.Token).ConfigureAwait(false);
                SetConnected(losses == _losses);
                while (losses == _losses)
                {
                    await _changed.WaitAsync(_ended.Token).ConfigureAwait(false);
                }

                SetConnected(false);
            }
            catch (OperationCanceledException) when (_ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception)
            {
                // Whatever it was, the server does not answer.
                SetConnected(false);
                await Task.WhenAny(Task.Delay(100, _ended.Token)).ConfigureAwait(false);
            }
        }
    }

    private void SetConnected(bool isConnected)
    {
        if (_isConnected != isConnected)
        {
            CancellationTokenSource last = _connected;
            if (isConnected)
            {
                _connected = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
            }

            _isConnected = isConnected;
            last.Cancel();
            _listener!.OnStateChanged(State);
        }
    }

    private async Task ListenAsync(INatsSub<byte[]> subscription, string topic, bool isKept)
    {
        ulong newest = 0;
        try
        {
            await foreach (NatsMsg<byte[]> message in subscription.Msgs.ReadAllAsync(_ended.Token).ConfigureAwait(false))
            {
                byte[] payload = message.Data ?? [];
                if (!isKept)
                {
                    _listener!.OnMessage(new BackplaneMessage(topic, default, null, payload));
                }
                else if (TryReadNumber(message, "Nats-Sequence", out ulong sequence) && TryReadNumber(message, "Nats-Last-Sequence", out ulong last))
                {
                    if (sequence <= newest)
                    {
                        // Another stream, or one that has lost something.
                        OnLoss();
                    }

                    newest = sequence;

                    // 0 may be the first message of the topic, or the first after all others have grown too old.
                    _listener!.OnMessage(new BackplaneMessage(topic, new TopicPosition(_history.Epoch, sequence), last == 0 ? null : last, payload));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private static bool TryReadNumber(in NatsMsg<byte[]> message, string header, out ulong number)
    {
        number = 0;
        return message.Headers is { } headers && headers.TryGetValue(header, out Microsoft.Extensions.Primitives.StringValues value)
            && ulong.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
