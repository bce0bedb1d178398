using Microsoft.Extensions.Logging;

namespace Engine.Hosting;

/// <summary>
/// Keeps a server's certificates as their files are: reads them every so often and replaces what changed. Reading and comparing also sees what change events miss,
/// such as the links that Kubernetes swaps and files on a network.
/// </summary>
internal sealed class CertificateWatch : IAsyncDisposable
{
    private readonly TlsCertificateStore _store;
    private readonly List<Entry> _entries = [];
    private readonly ILogger _logger;
    private readonly PeriodicTimer _timer;
    private readonly Task _watching;

    /// <summary>Loads all of them now.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public CertificateWatch(IEnumerable<CertificateSettings> settings, TlsCertificateStore store, TimeSpan interval, ILogger logger)
    {
        _store = store;
        _logger = logger;
        foreach (CertificateSettings one in settings)
        {
            var entry = new Entry(one, CertificateFile.Load(one));
            _entries.Add(entry);
            _store.Set(one.HostName, entry.File.Context);
        }

        _timer = new PeriodicTimer(interval);
        _watching = WatchAsync();
    }

    /// <summary>Ends the watch, without waiting for a look that is under way.</summary>
    public void Stop() => _timer.Dispose();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _watching.ConfigureAwait(false);
    }

    private async Task WatchAsync()
    {
        while (await _timer.WaitForNextTickAsync().ConfigureAwait(false))
        {
            foreach (Entry entry in _entries)
            {
                Refresh(entry);
            }
        }
    }

    private void Refresh(Entry entry)
    {
        try
        {
            if (!entry.File.HasChanged(entry.Settings))
            {
                entry.LastError = null;
                return;
            }

            // The old one is left to the collector: handshakes that have begun may still use it.
            entry.File = CertificateFile.Load(entry.Settings);
            _store.Set(entry.Settings.HostName, entry.File.Context);
            entry.LastError = null;
            HostingLog.CertificateReplaced(_logger, entry.Settings.HostName, entry.Settings.CertificatePath!);
        }
        catch (Exception exception) when (CertificateFile.IsUnusable(exception))
        {
            // Said once for one error: files are often replaced one after the other, and do not fit together in between.
            if (entry.LastError != exception.Message)
            {
                entry.LastError = exception.Message;
                HostingLog.CertificateUnusable(_logger, entry.Settings.HostName, entry.Settings.CertificatePath!, exception);
            }
        }
    }

    private sealed class Entry(CertificateSettings settings, CertificateFile file)
    {
        public CertificateSettings Settings { get; } = settings;

        public CertificateFile File { get; set; } = file;

        public string? LastError { get; set; }
    }
}
