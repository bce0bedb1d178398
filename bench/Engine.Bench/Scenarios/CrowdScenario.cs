using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Engine.Bench;

/// <summary>
/// Topics and nearly as many WebSockets as a process may hold: what those that do not read cost the others and the server, what a subscription costs, and how long one
/// publication takes to reach all.
/// </summary>
internal static class CrowdScenario
{
    private const int OwnTopics = 5;

    public static void Run(BenchOptions options, TextWriter report)
    {
        int count = options.Connections.Length > 0 ? options.Connections[0] : 18_000;
        string transport = options.Transport == "sockets" ? "engine-sockets" : "engine";
        Frozen(transport, count, options, report);
        Subscriptions(transport, count, options, report);
    }

    private static void Frozen(string transport, int count, BenchOptions options, TextWriter report)
    {
        int half = count / 2;
        report.WriteLine(FormattableString.Invariant($"\n## {half:N0} subscribers that read, 1,000 bytes ten times a second, without and with {half:N0} that do not ({transport})\n"));
        report.WriteLine("| frozen | deliveries a second to the good | p50 us | p99 us | server CPU us each | queued bytes a frozen one | resident bytes a frozen one | afterwards |");
        report.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        double residentAlone = 0;
        foreach (int frozen in new[] { 0, half })
        {
            using ServerUnderTest server = ServerUnderTest.Start(Peer.Find("topics", transport), "0", new PeerStart());
            double queued = 0, resident = 0;
            string[] load = ["topics", "--path", "/fanout?interval=100&size=1000", "--connections", Text(half), "--frozen", Text(frozen), "--warm-up", "15", "--seconds", Text((int)options.Seconds * 3)];
            Measurement measured = LoadGenerator.Run(server, "1", load, () => (queued, resident) = (Stat(server, "queuedBytes"), server.ResidentBytes));
            residentAlone = frozen == 0 ? resident : residentAlone;
            string each(double bytes) => frozen == 0 ? "" : FormattableString.Invariant($"{bytes / frozen:N0}");
            report.WriteLine(FormattableString.Invariant(
                $"| {frozen:N0} | {measured.Rate:N0} | {measured.P50:F0} | {measured.P99:F0} | {measured.CpuMicroseconds:F2} | {each(queued)} | {each(resident - residentAlone)} | {measured.Rest} |"));
        }
    }

    private static void Subscriptions(string transport, int count, BenchOptions options, TextWriter report)
    {
        report.WriteLine(FormattableString.Invariant($"\n## {count:N0} connections of one process on a common topic, without and with {OwnTopics} topics of their own ({transport})\n"));
        report.WriteLine("| topics of its own | managed bytes a connection | resident bytes a connection | one publication to all: half of them after, us | 99 % after, us | 99.9 % after, us |");
        report.WriteLine("| --- | --- | --- | --- | --- | --- |");
        double managedWithout = 0;
        foreach (int own in new[] { 0, OwnTopics })
        {
            using ServerUnderTest server = ServerUnderTest.Start(Peer.Find("topics", transport), "0", new PeerStart());
            double managedBefore = Stat(server, "managedBytes");
            long residentBefore = server.ResidentBytes;
            double managed = 0, resident = 0;
            string[] load = ["topics", "--path", $"/fanout?interval=1000&size=100&own={Text(own)}", "--connections", Text(count), "--warm-up", "5", "--seconds", Text((int)options.Seconds * 3)];
            Measurement measured = LoadGenerator.Run(server, "1", load, () =>
            {
                managed = (Stat(server, "managedBytes") - managedBefore) / count;
                resident = (double)(server.ResidentBytes - residentBefore) / count;
            });
            report.WriteLine(FormattableString.Invariant($"| {own} | {managed:N0} | {resident:N0} | {measured.P50:F0} | {measured.P99:F0} | {measured.P999:F0} |"));
            if (own > 0)
            {
                report.WriteLine(FormattableString.Invariant($"\nA subscription to a topic that nobody else has: {(managed - managedWithout) / own:N0} managed bytes, the topic's own included."));
            }

            managedWithout = managed;
        }
    }

    private static double Stat(ServerUnderTest server, string name)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.ConnectionClose = true;
        return http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{server.Port}/stats?collect").GetAwaiter().GetResult().GetProperty(name).GetDouble();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
