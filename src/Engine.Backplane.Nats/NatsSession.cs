using System.Collections.Concurrent;
using System.Threading.Channels;
using Engine.PubSub;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Engine.Backplane.Nats;

/// <summary>
/// One connection from its opening to its end. It ends when the socket does, when an answer stays out for too long, or when something may have been missed; then
/// another session takes its place, and subscribes and reads anew. The client's own reconnect is not used. Any thread.
/// </summary>
internal sealed class NatsSession : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    private readonly NatsConnection _connection;
    private readonly IBackplaneListener _listener;
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenRegistration _owner;
    private readonly ConcurrentDictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);
    private volatile bool _isOpened;

    /// <param name="options">Where the server is.</param>
    /// <param name="last">The session before, whose stream this one may find; null for the first.</param>
    /// <param name="listener">Told what arrives.</param>
    /// <param name="ended">Ends the session too.</param>
    public NatsSession(NatsBackplaneOptions options, NatsSession? last, IBackplaneListener listener, CancellationToken ended)
    {
        _listener = listener;
        _connection = new NatsConnection(new NatsOpts
        {
            Url = options.Url,
            Name = "engine",
            RetryOnInitialConnect = false,
            ReconnectWaitMin = AnswerTimeout,
            ReconnectWaitMax = AnswerTimeout,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            RequestTimeout = AnswerTimeout,
            CommandTimeout = AnswerTimeout,
            SubPendingChannelCapacity = 65_536,
            SubPendingChannelFullMode = BoundedChannelFullMode.DropNewest,
        })
        {
            // Called before each attempt: the one after the opening is the client's own reconnect.
            OnConnectingAsync = target => _isOpened ? throw new IOException("A session has one connection.") : new(target),
        };
        _connection.ConnectionDisconnected += OnEndAsync;
        _connection.MessageDropped += OnEndAsync;
        History = new NatsHistory(new NatsJSContext(_connection), options, last?.History, Lose);
        _owner = ended.UnsafeRegister(static session => ((NatsSession)session!).Lose(), this);
    }

    public NatsHistory History { get; }

    /// <summary>Cancelled when the session ends.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Connects and makes the stream.</summary>
    public async Task OpenAsync()
    {
        await _connection.ConnectAsync().AsTask().WaitAsync(AnswerTimeout, Ended).ConfigureAwait(false);
        _isOpened = true;
        await AskAsync(async patience => await History.EnsureAsync(patience).ConfigureAwait(false), Ended).ConfigureAwait(false);
    }

    /// <summary>Asks for an answer now and then until the session ends: a network that swallows everything says nothing.</summary>
    public async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(ProbeInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(Ended).ConfigureAwait(false))
            {
                await PingAsync(Ended).ConfigureAwait(false);
            }
        }
        catch (Exception)
        {
            // Whatever it was, the server does not answer.
            Lose();
        }
    }

    /// <summary>Ends the session: something may have been missed.</summary>
    public void Lose() => _ = _ended.CancelAsync();

    /// <summary>Waits for the server's answer. The session ends with one that stays out for too long: neither it nor a later one can be counted on.</summary>
    public async Task<T> AskAsync<T>(Func<NatsPatience, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var patience = new NatsPatience(AnswerTimeout, Ended, cancellationToken);
        try
        {
            return await ask(patience).WaitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (patience.IsOver || exception is NatsNoReplyException or NatsNoRespondersException or NatsJSPublishNoResponseException)
        {
            Lose();
            throw;
        }
    }

    /// <summary>Publishes what nobody keeps.</summary>
    public ValueTask PublishAsync(string subject, ReadOnlyMemory<byte> payload) => _connection.PublishAsync(subject, payload, cancellationToken: Ended);

    /// <summary>Subscribes, unless this has been done, and returns when the server has seen it.</summary>
    public async Task SubscribeAsync(string subject, string topic, bool isKept, CancellationToken cancellationToken)
    {
        if (!_subscriptions.ContainsKey(subject))
        {
            INatsSub<byte[]> queue = await _connection.SubscribeCoreAsync<byte[]>(subject, cancellationToken: Ended).ConfigureAwait(false);
            _subscriptions[subject] = new Subscription(queue, new NatsListener(this, _listener, topic, isKept).RunAsync(queue.Msgs));
        }

        await PingAsync(cancellationToken).ConfigureAwait(false);
    }

    public async Task UnsubscribeAsync(string subject)
    {
        if (_subscriptions.TryRemove(subject, out Subscription? subscription))
        {
            await subscription.Queue.UnsubscribeAsync().AsTask().WaitAsync(AnswerTimeout, Ended).ConfigureAwait(false);
            await subscription.Queue.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends it, and returns when nobody is told anything any more. The client gets a while to end by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        await _owner.DisposeAsync().ConfigureAwait(false);
        await _ended.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_subscriptions.Values.Select(static subscription => subscription.Listening)).ConfigureAwait(false);
        try
        {
            await _connection.DisposeAsync().AsTask().WaitAsync(CloseTimeout).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It goes on ending, or has ended with what broke it.
        }
    }

    private Task<TimeSpan> PingAsync(CancellationToken cancellationToken)
        => AskAsync(patience => _connection.PingAsync(patience.Token).AsTask(), cancellationToken);

    private ValueTask OnEndAsync(object? sender, EventArgs arguments)
    {
        Lose();
        return ValueTask.CompletedTask;
    }

    private sealed record Subscription(INatsSub<byte[]> Queue, Task Listening);
}
