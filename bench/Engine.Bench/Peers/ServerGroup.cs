using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace Engine.Bench;

/// <summary>Server processes that share one port, because a process may hold 20,000 descriptors only. Disposing ends them.</summary>
internal sealed class ServerGroup : IDisposable
{
    private readonly List<ServerUnderTest> _servers = [];

    /// <param name="peer">The server.</param>
    /// <param name="count">How many processes.</param>
    /// <param name="cpus">The processors that they may use together, in taskset's words; null for all.</param>
    public ServerGroup(Peer peer, int count, string? cpus = null)
    {
        _servers.Add(ServerUnderTest.Start(peer, cpus, new PeerStart(IsPortShared: true)));
        while (_servers.Count < count)
        {
            _servers.Add(ServerUnderTest.Start(peer, cpus, new PeerStart(Port, IsPortShared: true)));
        }
    }

    public IReadOnlyList<ServerUnderTest> Servers => _servers;

    public int Port => _servers[0].Port;

    public double CpuSeconds => _servers.Sum(static server => server.CpuSeconds);

    public long ResidentBytes => _servers.Sum(static server => server.ResidentBytes);

    /// <summary>Each process answers for itself: the shared port hands a request to any, so it is asked until all have answered.</summary>
    public async Task<IReadOnlyCollection<JsonElement>> StatsAsync()
    {
        var seen = new Dictionary<int, JsonElement>();
        var patience = Stopwatch.StartNew();
        while (seen.Count < _servers.Count)
        {
            if (patience.Elapsed > TimeSpan.FromMinutes(1))
            {
                throw new InvalidOperationException("A server of the group does not answer.");
            }

            using var http = new HttpClient();
            http.DefaultRequestHeaders.ConnectionClose = true;
            JsonElement stats = await http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{Port}/stats?collect");
            seen[stats.GetProperty("processId").GetInt32()] = stats;
        }

        return seen.Values;
    }

    /// <summary>The sum of one figure over all processes.</summary>
    public double Sum(string figure) => StatsAsync().GetAwaiter().GetResult().Sum(stats => stats.GetProperty(figure).GetDouble());

    /// <summary>
    /// Runs one load generator a process at the same time. Their rates and CPU times are added up; the median is the mean of theirs, every other percentile the worst.
    /// </summary>
    /// <param name="cpus">The processors for the loads.</param>
    /// <param name="arguments">The mode and its options for each, without the port.</param>
    /// <param name="opened">Called when the last of them begins to count.</param>
    public Measurement Run(string? cpus, Func<int, string[]> arguments, Action opened)
    {
        int waiting = _servers.Count;
        var loads = new Task<Measurement>[_servers.Count];
        for (int i = 0; i < loads.Length; i++)
        {
            int number = i;
            loads[i] = Task.Factory.StartNew(
                () => LoadGenerator.Run(
                    _servers[number],
                    cpus,
                    arguments(number),
                    () =>
                    {
                        if (Interlocked.Decrement(ref waiting) == 0)
                        {
                            opened();
                        }
                    }),
                TaskCreationOptions.LongRunning);
        }

        Measurement[] all = Task.WhenAll(loads).GetAwaiter().GetResult();
        double rate = all.Sum(static one => one.Rate);
        return new Measurement(
            rate, all.Sum(static one => one.CpuMicroseconds * one.Rate) / rate, all.Sum(static one => one.Busy), all.Average(static one => one.P50), all.Max(static one => one.P99),
            all.Max(static one => one.P999), double.NaN, double.NaN, all.Average(static one => one.LoadCpuMicroseconds))
        {
            Least = all.Min(static one => one.Least),
            Greatest = all.Max(static one => one.Greatest),
            Rest = string.Join("; ", all.Select(static one => one.Rest).Where(static rest => rest.Length > 0)),
        };
    }

    public void Dispose() => _servers.ForEach(static server => server.Dispose());
}
