using System.Globalization;
using Spectre.Console;

namespace Engine.Bench;

/// <summary>One load that every peer gets.</summary>
/// <param name="Name">What distinguishes it, as the table shows it.</param>
/// <param name="Connections">Connections that it opens, for the memory of each.</param>
/// <param name="Load">The load generator's mode and options.</param>
internal sealed record BenchCase(string Name, int Connections, params string[] Load)
{
    /// <summary>For peers that are asked for something else, by name: their load.</summary>
    public Dictionary<string, string[]> Exceptions { get; } = [];

    /// <summary>Those of the comparison's peers that take part; null for all.</summary>
    public string[]? Peers { get; init; }

    /// <summary>How long a server is warmed up before its first round counts.</summary>
    public int WarmUpSeconds { get; init; } = 3;
}

/// <summary>Cases that several servers are compared in: rounds that alternate between the servers (A B C A B C), all of which are up and warm.</summary>
/// <param name="Name">The scenario that it belongs to, for finding its peers and its ratios.</param>
/// <param name="Title">What it measures, in a sentence.</param>
/// <param name="Unit">What is counted.</param>
/// <param name="Peers">Who takes part, unless a case says otherwise.</param>
/// <param name="Cases">The loads.</param>
/// <param name="IsTls">Whether the servers speak TLS.</param>
/// <param name="IsSideBySide">
/// Whether the servers of a case run in the same seconds instead of in turn, on the same core: for loads that leave it idle enough. Whatever the machine does to one,
/// it does to the other. Each round is warmed up at length: what is compared is the steady state, not the opening of connections.
/// </param>
internal sealed record Comparison(string Name, string Title, string Unit, string[] Peers, BenchCase[] Cases, bool IsTls = false, bool IsSideBySide = false)
{
    /// <summary>Fewer connections than this are drowned by what else a process allots.</summary>
    private const int FewestForMemory = 1000;

    /// <summary>The rows, measured: case by case, in the order of the peers.</summary>
    public Series[] Run(BenchOptions options, ProgressTask progress)
    {
        progress.MaxValue = Cases.Sum(one => PeersOf(one).Length) * (options.Rounds + (CountsInstructions(options) ? 2 : 1));
        var rows = new List<Series>();
        foreach (BenchCase one in Cases)
        {
            rows.AddRange(Run(one, options, progress));
        }

        return [.. rows];
    }

    private Series[] Run(BenchCase one, BenchOptions options, ProgressTask progress)
    {
        bool isPinned = options.Cores == 1;
        string[] peers = PeersOf(one);
        Series[] rows = [.. peers.Select(peer => new Series(one.Name, peer))];
        var servers = new List<ServerUnderTest>();
        try
        {
            foreach (string peer in peers)
            {
                progress.Description = $"{Name}, {one.Name}: {peer} starts";
                servers.Add(ServerUnderTest.Start(Peer.Find(Name, peer), isPinned ? "0" : null, new PeerStart(Loops: options.Cores, IsTls: IsTls)));
                LoadGenerator.Run(servers[^1], isPinned ? "1" : null, [.. Load(one, peer), "--connections", Text(Math.Min(one.Connections, 10)), "--warm-up", "0", "--seconds", options.IsTour ? "1" : "2"]);
                progress.Increment(1);
            }

            long[] residentBefore = [.. servers.Select(static server => server.ResidentBytes)];
            void Measure(int index, bool isFirst) => rows[index].Add(LoadGenerator.Run(servers[index], isPinned ? "1" : null, Timed(one, peers[index], options, isFirst), () =>
            {
                if (isFirst && one.Connections >= FewestForMemory)
                {
                    rows[index].ResidentBytes = (double)(servers[index].ResidentBytes - residentBefore[index]) / one.Connections;
                }
            }));

            for (int round = 0; round < options.Rounds; round++)
            {
                bool isFirst = round == 0;
                if (IsSideBySide)
                {
                    progress.Description = $"{Name}, {one.Name}: round {round + 1}";
                    Task.WaitAll(rows.Select((_, index) => Task.Factory.StartNew(() => Measure(index, isFirst), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
                    progress.Increment(rows.Length);
                    continue;
                }

                for (int i = 0; i < rows.Length; i++)
                {
                    progress.Description = $"{Name}, {one.Name}: {peers[i]}, round {round + 1}";
                    Measure(i, isFirst);
                    progress.Increment(1);
                }
            }

            for (int i = 0; i < rows.Length && CountsInstructions(options); i++)
            {
                progress.Description = $"{Name}, {one.Name}: {peers[i]}, instructions";
                rows[i].Counted = LoadGenerator.Run(servers[i], isPinned ? "1" : null, Timed(one, peers[i], options, isFirst: false), countsInstructions: true);
                progress.Increment(1);
            }
        }
        finally
        {
            foreach (ServerUnderTest server in servers)
            {
                server.Dispose();
            }
        }

        return rows;
    }

    private string[] PeersOf(BenchCase one) => one.Peers ?? Peers;

    private bool CountsInstructions(BenchOptions options) => !options.IsTour && !IsSideBySide;

    private static string[] Load(BenchCase one, string peer) => one.Exceptions.GetValueOrDefault(peer, one.Load);

    private string[] Timed(BenchCase one, string peer, BenchOptions options, bool isFirst)
        =>
        [
            .. Load(one, peer), "--connections", Text(one.Connections), "--threads", Text(options.Cores),
            "--seconds", options.Seconds.ToString(CultureInfo.InvariantCulture), "--warm-up", IsSideBySide || (isFirst && !options.IsTour) ? Text(one.WarmUpSeconds) : "0.5",
        ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
