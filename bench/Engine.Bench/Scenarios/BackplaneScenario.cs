using System.Globalization;

namespace Engine.Bench;

/// <summary>
/// Two nodes over one Redis, one that publishes and one with all the subscribers, the engine beside SignalR with its Redis backplane. First 1,000
/// publications a second, which fill a core of either; then a tenth of what was delivered, for the time from the publisher's clock to the subscriber.
/// </summary>
internal static class BackplaneScenario
{
    private const int FloodInterval = 1;
    private const string Server = "0";
    private const string Everything = "1";

    private static readonly (string Peer, string Case, string Topic)[] Rows = [("signalr", "signalr", ""), ("engine", "engine, live", "e.bench"), ("engine", "engine, kept and in order", "s.bench")];

    public static async Task RunAsync(BenchOptions options, TextWriter report)
    {
        int count = options.Connections.Length > 0 ? options.Connections[0] : 1_000;
        var saturated = new Dictionary<string, List<(Measurement Measured, double Publisher)>>();
        var calm = new Dictionary<string, List<(Measurement Measured, double Publisher)>>();
        using (RedisServer redis = await RedisServer.StartAsync(Everything))
        {
            for (int round = 0; round < options.Rounds; round++)
            {
                foreach ((string peer, string name, string topic) in Rows)
                {
                    Console.Error.WriteLine($"round {round + 1}: {name}");
                    (Measurement Measured, double Publisher) flood = await MeasureAsync(peer, topic, redis.Port, count, FloodInterval, options);
                    Add(saturated, name, flood);
                    int interval = Math.Max((int)Math.Round(10_000.0 * count / flood.Measured.Rate), 1);
                    Add(calm, name, await MeasureAsync(peer, topic, redis.Port, count, interval, options));
                }
            }
        }

        Write(report, $"{count:N0} subscribers, {Size(options)} B, {1_000 / FloodInterval} publications a second", options, saturated);
        Write(report, $"{count:N0} subscribers, {Size(options)} B, a tenth of the deliveries above", options, calm);
    }

    private static int Size(BenchOptions options) => Math.Max(options.Size, 100);

    private static void Add<T>(Dictionary<string, List<T>> all, string name, T one)
    {
        if (!all.TryGetValue(name, out List<T>? list))
        {
            all[name] = list = [];
        }

        list.Add(one);
    }

    private static async Task<(Measurement Measured, double PublisherCpu)> MeasureAsync(string name, string topic, int redis, int count, int interval, BenchOptions options)
    {
        Peer peer = Peer.FindNode(name, redis);
        using ServerUnderTest publisher = ServerUnderTest.Start(peer, Everything, new PeerStart()), listener = ServerUnderTest.Start(peer, Server, new PeerStart());
        string path = name == "signalr" ? "/signalr?silent" : $"/listen?topic={topic}";
        string[] load =
        [
            "topics", "--path", path, "--connections", Text(count), "--warm-up", "3", "--seconds", Text((int)options.Seconds), .. name == "signalr" ? ["--signalr"] : Array.Empty<string>(),
        ];

        // Nobody listens yet, so that this costs nothing elsewhere: the load's connections come next.
        using var http = new HttpClient();
        (await http.GetAsync($"http://127.0.0.1:{publisher.Port}/publish?topic={topic}&interval={interval}&size={Size(options)}")).EnsureSuccessStatusCode();
        double before = 0;
        Measurement measured = LoadGenerator.Run(listener, Everything, load, () => before = publisher.CpuSeconds);
        return (measured, (publisher.CpuSeconds - before) / options.Seconds);
    }

    private static void Write(TextWriter report, string title, BenchOptions options, Dictionary<string, List<(Measurement Measured, double Publisher)>> all)
    {
        report.WriteLine($"\n## {title}\n");
        report.WriteLine(FormattableString.Invariant(
            $"{options.Rounds} alternating rounds of {options.Seconds} s, medians; the subscribers' node on CPU 0, Redis, the publisher's node and the load on CPU 1.\n"));
        report.WriteLine("| server | deliveries a second | from | to | CPU of the subscribers' node, us a delivery | deliveries a CPU second, to SignalR's | that node busy | p50 us | p99 us | publisher's node busy |");
        report.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        double signalR = Median(all["signalr"], static one => one.Measured.CpuMicroseconds);
        foreach ((string name, List<(Measurement Measured, double Publisher)> rounds) in all)
        {
            double cpu = Median(rounds, static one => one.Measured.CpuMicroseconds);
            report.WriteLine(FormattableString.Invariant(
                $"| {name} | {Median(rounds, static one => one.Measured.Rate):N0} | {rounds.Min(static one => one.Measured.Rate):N0} | {rounds.Max(static one => one.Measured.Rate):N0} | {cpu:F2} | {signalR / cpu:F2} | {Median(rounds, static one => one.Measured.Busy):P0} | {Median(rounds, static one => one.Measured.P50):F0} | {Median(rounds, static one => one.Measured.P99):F0} | {Median(rounds, static one => one.Publisher):P0} |"));
        }
    }

    private static double Median<T>(List<T> rounds, Func<T, double> value) => rounds.Select(value).Order().ElementAt(rounds.Count / 2);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
