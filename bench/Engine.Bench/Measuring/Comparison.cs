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
}

/// <summary>Cases that several servers are compared in: rounds that alternate between the servers (A B C A B C), all of which are up and warm.</summary>
/// <param name="Name">The scenario that it belongs to, for finding its peers and its ratios.</param>
/// <param name="Title">What it measures, in a sentence.</param>
/// <param name="Unit">What is counted.</param>
internal sealed record Comparison(string Name, string Title, string Unit, string[] Peers, BenchCase[] Cases, bool IsTls = false)
{
    /// <summary>Fewer connections than this are drowned by what else a process allots.</summary>
    private const int FewestForMemory = 1000;

    /// <summary>The rows, measured: case by case, in the order of the peers.</summary>
    public Series[] Run(BenchOptions options, ProgressTask progress)
    {
        progress.MaxValue = Cases.Length * Peers.Length * (options.Rounds + (options.IsTour ? 1 : 2));
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
        Series[] rows = [.. Peers.Select(peer => new Series(one.Name, peer))];
        var servers = new List<ServerUnderTest>();
        try
        {
            foreach (string peer in Peers)
            {
                progress.Description = $"{Name}, {one.Name}: {peer} starts";
                servers.Add(ServerUnderTest.Start(Peer.Find(Name, peer), isPinned ? "0" : null, new PeerStart(Loops: options.Cores, IsTls: IsTls)));
                LoadGenerator.Run(servers[^1], isPinned ? "1" : null, [.. Load(one, peer), "--connections", Text(Math.Min(one.Connections, 10)), "--warm-up", "0", "--seconds", options.IsTour ? "1" : "2"]);
                progress.Increment(1);
            }

            long[] residentBefore = [.. servers.Select(static server => server.ResidentBytes)];
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int i = 0; i < rows.Length; i++)
                {
                    progress.Description = $"{Name}, {one.Name}: {Peers[i]}, round {round + 1}";
                    int index = i;
                    bool isFirst = round == 0;
                    rows[i].Add(LoadGenerator.Run(servers[i], isPinned ? "1" : null, Timed(one, Peers[i], options, isFirst), () =>
                    {
                        if (isFirst && one.Connections >= FewestForMemory)
                        {
                            rows[index].ResidentBytes = (double)(servers[index].ResidentBytes - residentBefore[index]) / one.Connections;
                        }
                    }));
                    progress.Increment(1);
                }
            }

            for (int i = 0; i < rows.Length && !options.IsTour; i++)
            {
                progress.Description = $"{Name}, {one.Name}: {Peers[i]}, instructions";
                rows[i].Counted = LoadGenerator.Run(servers[i], isPinned ? "1" : null, Timed(one, Peers[i], options, isFirst: false), countsInstructions: true);
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

    private static string[] Load(BenchCase one, string peer) => one.Exceptions.GetValueOrDefault(peer, one.Load);

    private static string[] Timed(BenchCase one, string peer, BenchOptions options, bool isFirst)
        =>
        [
            .. Load(one, peer), "--connections", Text(one.Connections), "--threads", Text(options.Cores),
            "--seconds", options.Seconds.ToString(CultureInfo.InvariantCulture), "--warm-up", isFirst && !options.IsTour ? "3" : "0.5",
        ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
