using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Engine.Bench;

/// <summary>
/// Minutes of everything at once: steady echoes, requests, event streams, connections that come and go, readers that freeze, and bad input.
/// Then all of it ends, and what the server still holds is compared with what it held after its warm-up.
/// </summary>
internal static class SoakScenario
{
    /// <summary>What comes and goes does so in turns of this length.</summary>
    private const int TurnSeconds = 10;

    private static readonly byte[] Upgrade =
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"u8.ToArray();

    /// <summary>First bytes that no server may take for a good request, or good ones that end too early.</summary>
    private static readonly byte[][] BadInput =
    [
        "\0\0\0\0\r\n\r\n"u8.ToArray(),
        "GET / HTTP/1.1\r\n\r\n"u8.ToArray(),
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(),
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"u8.ToArray(),
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nno more than this"u8.ToArray(),
        [.. Upgrade, 0x83, 0x80, 0, 0, 0, 0],
        [.. Upgrade, 0x82, 0xff, 0x7f, 0xff, 0xff, 0xff],
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(),
    ];

    public static async Task<bool> RunAsync(BenchOptions options, TextWriter report, string plot)
    {
        using ServerUnderTest server = ServerUnderTest.Start(Peer.Find("echo", options.Transport == "sockets" ? "engine-sockets" : "engine"), cpus: null, new PeerStart(Loops: 2));
        await TurnAsync(server);
        Sample first = await QuietAsync(server), last = first;
        var samples = new List<Sample> { first };
        var watch = Stopwatch.StartNew();
        long turns = 0;
        while (watch.Elapsed < TimeSpan.FromMinutes(options.Minutes))
        {
            turns += await TurnAsync(server);
            last = await QuietAsync(server);
            samples.Add(last);
            Console.Error.WriteLine(FormattableString.Invariant(
                $"{watch.Elapsed.TotalMinutes:F1} of {options.Minutes} min: {last.ResidentBytes / 1e6:F1} MB resident, {last.ManagedBytes / 1e6:F2} MB managed, {last.Descriptors} descriptors, {last.RentedSegments} segments"));
        }

        // One descriptor more or less is the connection that asks.
        bool isGood = last.Connections == first.Connections && last.Descriptors <= first.Descriptors + 1 && last.RentedSegments == first.RentedSegments && last.QueuedBytes == 0;
        report.WriteLine(FormattableString.Invariant($"\n## {options.Minutes} minutes of mixed traffic ({options.Transport}), {turns:N0} messages, requests, events and connections\n"));
        report.WriteLine("| figure, all traffic stopped | after the warm-up | at the end |");
        report.WriteLine("| --- | --- | --- |");
        report.WriteLine(FormattableString.Invariant($"| resident bytes | {first.ResidentBytes:N0} | {last.ResidentBytes:N0} |"));
        report.WriteLine(FormattableString.Invariant($"| managed bytes after a collection | {first.ManagedBytes:N0} | {last.ManagedBytes:N0} |"));
        report.WriteLine($"| descriptors | {first.Descriptors} | {last.Descriptors} |");
        report.WriteLine($"| pooled segments rented | {first.RentedSegments} | {last.RentedSegments} |");
        report.WriteLine($"| connections (the one that asks) | {first.Connections} | {last.Connections} |");
        report.WriteLine($"| bytes queued | {first.QueuedBytes} | {last.QueuedBytes} |");
        report.WriteLine($"\n{(isGood ? "Nothing was left behind." : "SOMETHING WAS LEFT BEHIND.")}\n\n![resident and managed memory]({Path.GetFileName(plot)})");
        File.WriteAllText(plot, LinePlot.Draw(
            $"Soak, {options.Minutes} minutes: memory between turns, all traffic stopped",
            ("resident MB", [.. samples.Select(static sample => sample.ResidentBytes / 1e6)]),
            ("managed MB", [.. samples.Select(static sample => sample.ManagedBytes / 1e6)])));
        return isGood;
    }

    /// <summary>All kinds of traffic at once, for ten seconds; answers how much was done.</summary>
    private static async Task<long> TurnAsync(ServerUnderTest server)
    {
        Task<long>[] all =
        [
            LoadAsync(server, "ws", "--connections", "200", "--rate", "10000"),
            LoadAsync(server, "ws", "--connections", "20", "--rate", "200", "--size", "70000"),
            LoadAsync(server, "ws", "--connections", "20", "--rate", "1000", "--frozen", "50"),
            LoadAsync(server, "http", "--connections", "100", "--rate", "5000"),
            LoadAsync(server, "sse", "--connections", "200", "--path", "/ticks?interval=20&size=300"),
            LoadAsync(server, "churn", "--connections", "2"),
            MisbehaveAsync(server.Port),
        ];
        return (await Task.WhenAll(all)).Sum();
    }

    private static Task<long> LoadAsync(ServerUnderTest server, params string[] load)
        => Task.Factory.StartNew(
            () => (long)(LoadGenerator.Run(server, null, [.. load, "--warm-up", "0", "--seconds", TurnSeconds.ToString(CultureInfo.InvariantCulture)]).Rate * TurnSeconds),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static async Task<long> MisbehaveAsync(int port)
    {
        var watch = Stopwatch.StartNew();
        byte[] answer = new byte[4096];
        long count = 0;
        while (watch.Elapsed < TimeSpan.FromSeconds(TurnSeconds))
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
                await socket.SendAsync(BadInput[count++ % BadInput.Length]);
                while (await socket.ReceiveAsync(answer, patience.Token) > 0)
                {
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // Reset by the server, or an answer that has to wait for more: the peer leaves.
            }
        }

        return count;
    }

    /// <summary>Waits until the server has seen the end of every connection, then asks what it holds.</summary>
    private static async Task<Sample> QuietAsync(ServerUnderTest server)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.ConnectionClose = true;
        Sample sample;
        int attempts = 0;
        do
        {
            await Task.Delay(500);
            JsonElement stats = await http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{server.Port}/stats?collect");
            long Value(string name) => stats.GetProperty(name).GetInt64();
            sample = new Sample(server.ResidentBytes, Value("managedBytes"), server.Descriptors, Value("rentedSegments"), Value("connections"), Value("queuedBytes"));
        }
        while (sample.Connections > 1 && ++attempts < 80);
        return sample;
    }

    private sealed record Sample(long ResidentBytes, long ManagedBytes, int Descriptors, long RentedSegments, long Connections, long QueuedBytes);
}
