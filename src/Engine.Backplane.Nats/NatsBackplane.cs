using Engine.PubSub;

namespace Engine.Backplane.Nats;

/// <summary>
/// Joins hubs over NATS 2.9 or newer with JetStream. Publications that are kept go into one stream, which gives them their positions and tells the nodes that
/// listen; others go over core NATS. Any thread.
/// </summary>
public sealed class NatsBackplane : IBackplane
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);

    private readonly NatsBackplaneOptions _options;
    private readonly NatsTopicOrder _order = new();
    private readonly CancellationTokenSource _ended = new();
    private IBackplaneListener? _listener;
    private Task _running = Task.CompletedTask;
    private volatile NatsSession? _session;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public NatsBackplane(NatsBackplaneOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Freeze();
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <summary>What the broker can do. The largest payload is the server's default of 1 MiB without headers.</summary>
    public BackplaneTraits Traits { get; } = new(KeepsHistory: true, HasConsecutiveOffsets: false, MaxPayloadBytes: (1 << 20) - 1_024);

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
    public async ValueTask<BackplaneReceipt> PublishAsync(BackplanePublication publication, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(publication);
        if (!publication.IsKept)
        {
            await Session().PublishAsync(SubjectOf("live", publication.Topic), publication.Payload).ConfigureAwait(false);
            return default;
        }

        return await _order.PublishAsync(publication, () => PublishKeptAsync(publication, cancellationToken)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask SubscribeAsync(string topic, bool isKept, CancellationToken cancellationToken)
        => await Session().SubscribeAsync(SubjectOf(isKept ? "told" : "live", topic), topic, isKept, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask UnsubscribeAsync(string topic, bool isKept)
    {
        if (_session is { } session)
        {
            try
            {
                await session.UnsubscribeAsync(SubjectOf(isKept ? "told" : "live", topic)).ConfigureAwait(false);
            }
            catch (Exception)
            {
                // Whatever it was, the session that had asked for the topic does not hear of it any more, or not for long.
                session.Lose();
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BackplaneHistory> ReadAfterAsync(string topic, TopicPosition after, int maxMessages, CancellationToken cancellationToken)
    {
        NatsSession session = Session();
        return await session.AskAsync(patience => session.History.ReadAfterAsync(topic, SubjectOf("kept", topic), after, maxMessages, patience), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    private string SubjectOf(string part, string topic) => $"{_options.Prefix}.{part}.{NatsSubjects.Of(topic)}";

    private NatsSession Session() => _session ?? throw new IOException("NATS is away.");

    private Task<BackplaneReceipt> PublishKeptAsync(BackplanePublication publication, CancellationToken cancellationToken)
    {
        NatsSession session = Session();
        return session.AskAsync(patience => session.History.PublishAsync(SubjectOf("kept", publication.Topic), publication, patience), cancellationToken);
    }

    /// <summary>Opens one session after another.</summary>
    private async Task RunAsync()
    {
        // Not on the caller's thread, which may be a loop's.
        await Task.Yield();
        NatsSession? last = null;
        while (!_ended.IsCancellationRequested)
        {
            var session = new NatsSession(_options, last, _listener!, _ended.Token);
            await using (session.ConfigureAwait(false))
            {
                try
                {
                    await session.OpenAsync().ConfigureAwait(false);
                    last = session;
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
