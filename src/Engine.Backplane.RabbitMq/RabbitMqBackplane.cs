using Engine.PubSub;

namespace Engine.Backplane.RabbitMq;

/// <summary>
/// Joins hubs over RabbitMQ 3.8 or newer: one topic exchange, and one queue a node, which lives as long as the node's connection. The server keeps no history, so every
/// node has positions of its own, and what is published while a node is away is lost to it; its subscribers are told. Any thread.
/// </summary>
public sealed class RabbitMqBackplane : IBackplane
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);

    private readonly RabbitMqBackplaneOptions _options;
    private readonly CancellationTokenSource _ended = new();
    private IBackplaneListener? _listener;
    private Task _running = Task.CompletedTask;
    private volatile RabbitMqSession? _session;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public RabbitMqBackplane(RabbitMqBackplaneOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Freeze();
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <summary>What the broker can do: it keeps nothing. The largest payload is what a server takes by default from 3.8 on.</summary>
    public BackplaneTraits Traits { get; } = new(KeepsHistory: false, HasConsecutiveOffsets: false, MaxPayloadBytes: 128 << 20);

    /// <inheritdoc/>
    public BackplaneState State => _session is null ? BackplaneState.Away : BackplaneState.Connected;

    /// <inheritdoc/>
    public void Start(IBackplaneListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        _listener = listener;
        _running = RunAsync();
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The publication is to be kept.</exception>
    public async ValueTask<BackplaneReceipt> PublishAsync(BackplanePublication publication, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(publication);
        CheckNotKept(publication.IsKept);
        await Session().PublishAsync(publication.Topic, publication.Payload).ConfigureAwait(false);
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask SubscribeAsync(string topic, bool isKept, CancellationToken cancellationToken)
    {
        CheckNotKept(isKept);
        await Session().SubscribeAsync(topic).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask UnsubscribeAsync(string topic, bool isKept)
    {
        try
        {
            await (_session?.UnsubscribeAsync(topic) ?? Task.CompletedTask).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Whatever it was, the session has ended with it, and the server has forgotten its queue.
        }
    }

    /// <summary>Throws: the server keeps nothing.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public ValueTask<BackplaneHistory> ReadAfterAsync(string topic, TopicPosition after, int maxMessages, CancellationToken cancellationToken)
        => throw new NotSupportedException("RabbitMQ keeps no history.");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    private static void CheckNotKept(bool isKept)
    {
        if (isKept)
        {
            throw new NotSupportedException("RabbitMQ keeps no history.");
        }
    }

    private RabbitMqSession Session() => _session ?? throw new IOException("RabbitMQ is away.");

    /// <summary>Opens one session after another.</summary>
    private async Task RunAsync()
    {
        // Not on the caller's thread, which may be a loop's.
        await Task.Yield();
        while (!_ended.IsCancellationRequested)
        {
            var session = new RabbitMqSession(_options, _listener!, _ended.Token);
            await using (session.ConfigureAwait(false))
            {
                try
                {
                    await session.OpenAsync().ConfigureAwait(false);
                    _session = session;
                    _listener!.OnStateChanged(BackplaneState.Connected);
                    await session.WatchAsync().ConfigureAwait(false);
                }
                catch (Exception)
                {
                    // Whatever it was, the server does not answer.
                }

                if (_session is not null)
                {
                    _session = null;
                    _listener!.OnStateChanged(BackplaneState.Away);
                }
            }

            await Task.WhenAny(Task.Delay(RetryInterval, _ended.Token)).ConfigureAwait(false);
        }
    }
}
