using Engine.PubSub;
using StackExchange.Redis;

namespace Engine.Backplane.Redis;

/// <summary>
/// The client's connections, and whether they stand: both the one for commands and the one for what arrives have to answer. A failure of either, however short, is
/// told, because something may have been missed. Any thread.
/// </summary>
internal sealed class RedisConnection(string configuration, Action<BackplaneState> onStateChanged) : IAsyncDisposable
{
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    private readonly ConfigurationOptions _configuration = Configure(configuration);
    private readonly CancellationTokenSource _ended = new();
    private readonly SemaphoreSlim _failed = new(0, 1);
    private ConnectionMultiplexer? _multiplexer;
    private Task _watching = Task.CompletedTask;
    private volatile int _generation;
    private volatile int _failures;
    private volatile bool _isConnected;

    public BackplaneState State => _isConnected ? BackplaneState.Connected : BackplaneState.Away;

    public void Start() => _watching = WatchAsync();

    /// <exception cref="IOException">The server is away.</exception>
    public IDatabase Database() => _isConnected ? _multiplexer!.GetDatabase() : throw new IOException("Redis is away.");

    /// <summary>The subscriber, and the number of the connection that it has now.</summary>
    /// <exception cref="IOException">The server is away.</exception>
    public (ISubscriber Subscriber, int Generation) Subscriber()
        => _isConnected ? (_multiplexer!.GetSubscriber(), _generation) : throw new IOException("Redis is away.");

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        if (_multiplexer is { } multiplexer)
        {
            await multiplexer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static ConfigurationOptions Configure(string configuration)
    {
        ConfigurationOptions options = ConfigurationOptions.Parse(configuration);
        options.AbortOnConnectFail = false;

        // The outbox tries again, in order; a backlog of the client would send what it does not know of.
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ReconnectRetryPolicy = new LinearRetry(100);
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(250);
        options.ConnectTimeout = Math.Min(options.ConnectTimeout, 2_000);
        return options;
    }

    private async Task WatchAsync()
    {
        // Not on the caller's thread, which may be a loop's.
        await Task.Yield();
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                int failures = _failures;
                await ProbeAsync().ConfigureAwait(false);
                if (failures != _failures)
                {
                    SetConnected(false);
                    continue;
                }

                SetConnected(true);
                await _failed.WaitAsync(ProbeInterval, _ended.Token).ConfigureAwait(false);
                if (failures != _failures)
                {
                    SetConnected(false);
                }
            }
            catch (OperationCanceledException) when (_ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception)
            {
                // Whatever it was, the server does not answer.
                SetConnected(false);
                await Task.WhenAny(Task.Delay(RetryInterval, _ended.Token)).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Asks both connections for an answer.</summary>
    private async Task ProbeAsync()
    {
        if (_multiplexer is null)
        {
            ConnectionMultiplexer multiplexer = await ConnectionMultiplexer.ConnectAsync(_configuration).ConfigureAwait(false);
            multiplexer.ConnectionFailed += (_, _) => OnFailed();
            _multiplexer = multiplexer;
        }

        await _multiplexer.GetDatabase().PingAsync().WaitAsync(ProbeTimeout, _ended.Token).ConfigureAwait(false);
        await _multiplexer.GetSubscriber().PingAsync().WaitAsync(ProbeTimeout, _ended.Token).ConfigureAwait(false);
    }

    private void OnFailed()
    {
        Interlocked.Increment(ref _failures);
        if (_failed.CurrentCount == 0)
        {
            try
            {
                _failed.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another failure was first.
            }
        }
    }

    private void SetConnected(bool isConnected)
    {
        if (_isConnected == isConnected)
        {
            return;
        }

        if (isConnected)
        {
            Interlocked.Increment(ref _generation);
        }

        _isConnected = isConnected;
        onStateChanged(State);
    }
}
