using Engine.Http1;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Engine.Hosting;

/// <summary>
/// Starts the servers with the host and stops them with it: not ready, then the delay, then the drain, and the end within the host's shutdown time.
/// </summary>
internal sealed class ServersService(
    ServerCatalogue catalogue,
    ServerFactory factory,
    EngineServers servers,
    IOptions<EngineHostOptions> options,
    IOptions<HostOptions> hostOptions,
    ILoggerFactory loggers) : IHostedLifecycleService, IAsyncDisposable, IDisposable
{
    /// <summary>What the host's other services get of the shutdown time, in any case.</summary>
    private static readonly TimeSpan LeastMargin = TimeSpan.FromMilliseconds(700);

    private readonly ILogger _logger = loggers.CreateLogger("Engine.Hosting");
    private readonly List<CertificateWatch> _watches = [];
    private readonly SystemdNotifier? _systemd
        = options.Value.NotifySystemd ? new SystemdNotifier(Environment.GetEnvironmentVariable, Environment.ProcessId, loggers.CreateLogger("Engine.Hosting")) : null;

    private Timer? _watchdog;
    private long _stoppingSince;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var running = new Dictionary<string, HttpServer>(StringComparer.OrdinalIgnoreCase);
        try
        {
            foreach (ServerDefinition definition in catalogue.Definitions)
            {
                HttpServer server = factory.Create(definition, out CertificateWatch? watch);
                if (watch is not null)
                {
                    _watches.Add(watch);
                }

                await server.StartAsync(cancellationToken).ConfigureAwait(false);
                running.Add(definition.Name, server);
                servers.Set(new Dictionary<string, HttpServer>(running, StringComparer.OrdinalIgnoreCase));
                HostingLog.Started(_logger, definition.Name);
            }
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        servers.SetReady(true);
        _systemd?.Notify("READY=1");
        if (_systemd?.WatchdogInterval is { } interval)
        {
            _watchdog = new Timer(_ => FeedWatchdog(), null, interval, interval);
        }

        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _stoppingSince = Environment.TickCount64;
        servers.SetReady(false);
        _systemd?.Notify("STOPPING=1");
        TimeSpan delay = options.Value.DrainDelay;
        if (delay > TimeSpan.Zero)
        {
            HostingLog.Unready(_logger, delay);
            await Task.Delay(delay, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        servers.SetReady(false);
        IReadOnlyCollection<HttpServer> running = servers.All;
        TimeSpan timeout = options.Value.DrainTimeout ?? TimeLeft();
        HostingLog.Draining(_logger, running.Sum(server => server.Engine.ConnectionCount), timeout);
        await Task.WhenAll(running.Select(server => server.StopAsync(timeout, cancellationToken))).ConfigureAwait(false);
        await EndWatchesAsync().ConfigureAwait(false);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(servers.All.Select(server => server.DisposeAsync().AsTask())).ConfigureAwait(false);
        await EndWatchesAsync().ConfigureAwait(false);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>What the host's shutdown time leaves for draining. The host counts it from the moment it is told to stop.</summary>
    private TimeSpan TimeLeft()
    {
        TimeSpan whole = hostOptions.Value.ShutdownTimeout;
        if (whole == Timeout.InfiniteTimeSpan)
        {
            return whole;
        }

        TimeSpan margin = TimeSpan.FromTicks(Math.Max(whole.Ticks / 10, LeastMargin.Ticks));
        TimeSpan used = _stoppingSince == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Environment.TickCount64 - _stoppingSince);
        TimeSpan left = whole - margin - used;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void FeedWatchdog()
    {
        // A process whose loops are stuck is one that systemd should restart.
        if (servers.LoopLag <= options.Value.MaxLoopLag)
        {
            _systemd!.Notify("WATCHDOG=1");
        }
    }

    private async Task EndWatchesAsync()
    {
        if (_watchdog is { } watchdog)
        {
            _watchdog = null;
            await watchdog.DisposeAsync().ConfigureAwait(false);
        }

        foreach (CertificateWatch watch in _watches)
        {
            await watch.DisposeAsync().ConfigureAwait(false);
        }

        _watches.Clear();
    }
}
