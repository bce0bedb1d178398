using System.Globalization;

namespace Engine.Bench;

/// <summary>
/// Topics and more WebSockets than a process may hold: what those that do not read cost the others and the server, how old values are that a slow reader gets, what a
/// subscription costs, and how long one publication takes to reach a hundred thousand.
/// </summary>
internal static class CrowdScenario
{
    private const int OwnTopics = 5;
    private const int PerProcess = 14_500;
    private const int FrozenTotal = 20_000;
    private const int SubscribedTotal = 100_000;

    public static void Run(BenchOptions options, TextWriter report)
    {
        Peer peer = Peer.Find("topics", options.Transport == "sockets" ? "engine-sockets" : "engine");
        int most = options.Connections.Length > 0 ? options.Connections[0] : int.MaxValue;
        Frozen(peer, Math.Min(most, FrozenTotal), options, report);
        Latest(peer, options, report);
        Subscriptions(peer, Math.Min(most, SubscribedTotal), options, report);
    }

    private static void Frozen(Peer peer, int total, BenchOptions options, TextWriter report)
    {
        int half = total / 2, processes = ProcessesFor(total);
        report.WriteLine(FormattableString.Invariant(
            $"\n## {half:N0} subscribers that read, 1,000 bytes ten times a second, without and with {half:N0} that do not ({peer.Name}, {processes} processes on one core)\n"));
        report.WriteLine("| frozen | publications a second | deliveries a second to the good | p50 us | p99 us | server CPU us each | queued bytes a frozen one | resident bytes a frozen one | afterwards |");
        report.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        double residentAlone = 0;
        foreach (int frozen in new[] { 0, half })
        {
            using var group = new ServerGroup(peer, processes, "0");
            double queued = 0, resident = 0;

            // Over within half a minute: a server gives up those that take nothing for that long.
            Measurement measured = group.Run(
                "1",
                number =>
                [
                    "topics", "--path", "/fanout?interval=100&size=1000", "--connections", Text(Share(half, processes, number)),
                    "--frozen", Text(Share(frozen, processes, number)), "--source", Text(number + 2), "--warm-up", "12", "--seconds", Text((int)options.Seconds * 3),
                ],
                () => (queued, resident) = (group.Sum("queuedBytes"), group.ResidentBytes));
            residentAlone = frozen == 0 ? resident : residentAlone;
            string Each(double bytes) => frozen == 0 ? "" : FormattableString.Invariant($"{bytes / frozen:N0}");
            report.WriteLine(FormattableString.Invariant(
                $"| {frozen:N0} | {measured.Rate / half:F2} | {measured.Rate:N0} | {measured.P50:F0} | {measured.P99:F0} | {measured.CpuMicroseconds:F2} | {Each(queued)} | {Each(resident - residentAlone)} | {measured.Rest} |"));
        }
    }

    private static void Latest(Peer peer, BenchOptions options, TextWriter report)
    {
        report.WriteLine($"\n## A latest topic: a source of 1,000 values a second, subscribers that take ten ({peer.Name})\n");
        report.WriteLine("| subscribers | values a second to each | age of a value when it arrives: median us | 99 % us | oldest us |");
        report.WriteLine("| --- | --- | --- | --- | --- |");
        foreach (int count in new[] { 1, 1000 })
        {
            using ServerUnderTest server = ServerUnderTest.Start(peer, "0", new PeerStart());
            string[] load = ["topics", "--path", "/latest-fanout?interval=1&size=100", "--connections", Text(count), "--seconds", Text((int)options.Seconds * 3)];
            Measurement measured = LoadGenerator.Run(server, "1", load);
            report.WriteLine(FormattableString.Invariant($"| {count:N0} | {measured.Rate / count:F2} | {measured.P50:F0} | {measured.P99:F0} | {measured.Greatest:F0} |"));
        }
    }

    private static void Subscriptions(Peer peer, int total, BenchOptions options, TextWriter report)
    {
        int processes = ProcessesFor(total);
        report.WriteLine(FormattableString.Invariant(
            $"\n## {total:N0} connections on a common topic, without and with {OwnTopics} topics of their own ({peer.Name}, {processes} processes on one port)\n"));
        report.WriteLine("The processes publish at the same moment, every five seconds. Receipts are counted from there.\n");
        report.WriteLine("| topics of its own | managed bytes a connection | resident bytes a connection | first receipt us | half of them us | 99 % us | last receipt us |");
        report.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        double managedWithout = 0, residentWithout = 0;
        foreach (int own in new[] { 0, OwnTopics })
        {
            using var group = new ServerGroup(peer, processes);
            double managedBefore = group.Sum("managedBytes"), residentBefore = group.ResidentBytes, managed = 0, resident = 0;
            Measurement measured = group.Run(
                null,
                number =>
                [
                    "topics", "--path", $"/fanout?interval=5000&aligned=1&size=100&own={Text(own)}", "--connections", Text(Share(total, processes, number)),
                    "--source", Text(number + 2), "--warm-up", "12", "--seconds", "11",
                ],
                () =>
                {
                    managed = (group.Sum("managedBytes") - managedBefore) / total;
                    resident = (group.ResidentBytes - residentBefore) / total;
                });
            report.WriteLine(FormattableString.Invariant(
                $"| {own} | {managed:N0} | {resident:N0} | {measured.Least:F0} | {measured.P50:F0} | {measured.P99:F0} | {measured.Greatest:F0} |"));
            if (own > 0)
            {
                report.WriteLine(FormattableString.Invariant(
                    $"\nA subscription to a topic that nobody else has: {(managed - managedWithout) / own:N0} managed and {(resident - residentWithout) / own:N0} resident bytes, the topic's own included."));
            }

            (managedWithout, residentWithout) = (managed, resident);
        }
    }

    private static int ProcessesFor(int total) => (total + PerProcess - 1) / PerProcess;

    private static int Share(int total, int parts, int number) => (total / parts) + (number < total % parts ? 1 : 0);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
