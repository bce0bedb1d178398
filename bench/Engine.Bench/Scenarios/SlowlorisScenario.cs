using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Engine.Bench;

/// <summary>Thousands of peers whose request never ends, one byte every five seconds, beside a hundred good ones.</summary>
internal static class SlowlorisScenario
{
    public static async Task RunAsync(BenchOptions options, TextWriter report)
    {
        int count = options.Connections.Length > 0 ? options.Connections[0] : 5000;
        using ServerUnderTest server = ServerUnderTest.Start(Peer.Find("plain", options.Transport == "sockets" ? "engine-sockets" : "engine"), "0", new PeerStart());
        double before = Good(server, 5);
        long residentBefore = server.ResidentBytes;
        var end = new IPEndPoint(IPAddress.Loopback, server.Port);
        var watch = Stopwatch.StartNew();
        Socket[] peers = [.. Enumerable.Range(0, count).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))];
        foreach (Socket peer in peers)
        {
            await peer.ConnectAsync(end);
            await peer.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nX: "u8.ToArray());
        }

        Task<double> during = Task.Factory.StartNew(() => Good(server, 15), TaskCreationOptions.LongRunning);
        for (int i = 0; i < 4; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(5));
            foreach (Socket peer in peers)
            {
                await peer.SendAsync("x"u8.ToArray());
            }
        }

        long resident = server.ResidentBytes - residentBefore;
        double good = await during;
        byte[] answer = new byte[1000];
        int answered = 0;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (Socket peer in peers)
        {
            int read = await peer.ReceiveAsync(answer, patience.Token);
            answered += answer.AsSpan(0, read).StartsWith("HTTP/1.1 408"u8) ? 1 : 0;
            peer.Dispose();
        }

        report.WriteLine($"\nslowloris: {count} connections that send a byte of their head every 5 s\n");
        report.WriteLine("| figure | value |");
        report.WriteLine("| --- | --- |");
        report.WriteLine(FormattableString.Invariant($"| resident bytes each | {(double)resident / count:F0} |"));
        report.WriteLine(FormattableString.Invariant($"| answered with 408 and closed | {answered} of {count} after {watch.Elapsed.TotalSeconds:F0} s (head timeout 30 s) |"));
        report.WriteLine(FormattableString.Invariant($"| p99 of 100 good clients (20,000 requests a second, open loop) before and meanwhile | {before:F0} us and {good:F0} us |"));
    }

    private static double Good(ServerUnderTest server, int seconds)
        => LoadGenerator.Run(server, "1", ["http", "--connections", "100", "--rate", "20000", "--seconds", seconds.ToString(CultureInfo.InvariantCulture)]).P99;
}
