using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Engine.PubSub;

/// <summary>A hub's side of one broker: the outbox, and the topics that listen. Any thread.</summary>
internal sealed class BackplaneNode : IBackplaneListener, IDisposable
{
    /// <summary>Topics whose history is read at once, so that a reconnect with many of them does not flood the broker.</summary>
    private const int MaxReadsAtOnce = 64;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(1);

    private readonly TopicHub _hub;
    private readonly ConcurrentDictionary<string, TopicLink> _links = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> _closing = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _reads = new(MaxReadsAtOnce);
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _connected = NewSignal();
    private bool _hasBeenConnected;

    public BackplaneNode(TopicHub hub, IBackplane broker, BackplaneOptions options)
    {
        _hub = hub;
        Broker = broker;
        Metrics = new BackplaneMetrics(broker.Name);
        Origin = MakeOrigin();
        Outbox = new BackplaneOutbox(broker, options, Metrics, Origin);
        broker.Start(this);
    }

    public IBackplane Broker { get; }

    public BackplaneMetrics Metrics { get; }

    public BackplaneOutbox Outbox { get; }

    /// <summary>Names this hub among all; never 0.</summary>
    public ulong Origin { get; }

    public CancellationToken Ended => _ended.Token;

    /// <summary>Whether topics of these options have the broker's positions and history.</summary>
    public bool IsKept(TopicOptions options)
        => Broker.Traits.KeepsHistory && (options.PublishMode ?? (options.Kind == TopicKind.Ephemeral ? PublishMode.LocalFirst : PublishMode.Ordered)) == PublishMode.Ordered;

    public TopicLink MakeLink(TopicOptions options) => new(_hub, this, IsKept(options));

    public void OnMessage(in BackplaneMessage message)
    {
        if (_links.TryGetValue(message.Topic, out TopicLink? link))
        {
            link.OnMessage(message);
        }

        Metrics.AddReceived();
    }

    public void OnStateChanged(BackplaneState state)
    {
        bool isReturn = false;
        lock (_gate)
        {
            if (state == BackplaneState.Connected)
            {
                isReturn = _hasBeenConnected;
                _hasBeenConnected = true;
                _connected.TrySetResult();
            }
            else if (_connected.Task.IsCompleted)
            {
                _connected = NewSignal();
            }
        }

        if (isReturn)
        {
            Metrics.AddReconnect();
        }

        Outbox.OnStateChanged();
        foreach (TopicLink link in _links.Values)
        {
            link.OnStateChanged(state);
        }
    }

    /// <summary>A topic listens from now on.</summary>
    public void Register(string topic, TopicLink link) => _links[topic] = link;

    /// <summary>A topic listens no more, unless another life of it does.</summary>
    public void Unregister(string topic, TopicLink link, bool isKept)
    {
        if (!_links.TryRemove(KeyValuePair.Create(topic, link)) || _ended.IsCancellationRequested)
        {
            return;
        }

        Task closing = CloseAsync(topic, isKept);
        if (!closing.IsCompleted)
        {
            _closing[topic] = closing;
            _ = closing.ContinueWith(done => _closing.TryRemove(KeyValuePair.Create(topic, done)), TaskScheduler.Default);
        }
    }

    /// <summary>Lets a topic ask the broker: not before it has let go of the topic's last life, and not all topics at once.</summary>
    public async Task<IDisposable> EnterAsync(string topic)
    {
        if (_closing.TryGetValue(topic, out Task? closing))
        {
            await closing.ConfigureAwait(false);
        }

        await _reads.WaitAsync(_ended.Token).ConfigureAwait(false);
        return new Turn(_reads);
    }

    /// <summary>After a failure: until the broker is back, or a while.</summary>
    public async Task PauseAsync(int failures)
    {
        TimeSpan pause = TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << Math.Min(failures, 10), LastPause.Ticks));
        Task connected;
        lock (_gate)
        {
            connected = Broker.State == BackplaneState.Away ? _connected.Task : Task.Delay(pause, _ended.Token);
        }

        await Task.WhenAny(connected, Task.Delay(pause, _ended.Token)).ConfigureAwait(false);
    }

    public void ReportError(Exception exception) => _hub.ReportError(exception);

    public void Dispose()
    {
        _ended.Cancel();
        Outbox.Dispose();
        foreach (TopicLink link in _links.Values)
        {
            link.Close();
        }

        Metrics.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static ulong MakeOrigin()
    {
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(random);
        return BitConverter.ToUInt64(random) | 1;
    }

    private async Task CloseAsync(string topic, bool isKept)
    {
        try
        {
            await Broker.UnsubscribeAsync(topic, isKept).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            ReportError(exception);
        }
    }

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }
}
