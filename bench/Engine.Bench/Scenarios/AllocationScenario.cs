using System.Text.Json;

namespace Engine.Bench;

/// <summary>What the whole server process allocates while it answers a million messages and more, over each transport.</summary>
internal static class AllocationScenario
{
    private const double WantedMessages = 1_000_000;

    private static readonly (string Name, string[] Load)[] Loads =
    [
        ("WebSocket echo, 20 bytes", ["ws", "--connections", "100"]),
        ("WebSocket echo, 16 KB", ["ws", "--connections", "20", "--size", "16384"]),
        ("GET /plain", ["http", "--connections", "100"]),
        ("GET /plain, 16 a write", ["http", "--connections", "100", "--batch", "16"]),
    ];

    public static void Run(BenchOptions options, TextWriter report)
    {
        report.WriteLine("\n## Allocations of the whole process\n");
        report.WriteLine("| load | transport | messages | bytes allocated | bytes a message | collections (gen 0, 1, 2) |");
        report.WriteLine("| --- | --- | --- | --- | --- | --- |");
        string[] peers = options.Transport switch { "epoll" => ["engine"], "sockets" => ["engine-sockets"], _ => ["engine", "engine-sockets"] };
        foreach ((string name, string[] load) in Loads)
        {
            foreach (string peer in peers)
            {
                Console.Error.WriteLine($"{name}, {peer}");
                using ServerUnderTest server = ServerUnderTest.Start(Peer.Find("echo", peer), "0", new PeerStart());
                double rate = LoadGenerator.Run(server, "1", [.. load, "--seconds", "3"]).Rate;
                int seconds = (int)Math.Ceiling(WantedMessages * 1.2 / rate);
                JsonElement before = default;

                // From when all connections stand: what a connection costs is another figure.
                double messages = LoadGenerator.Run(server, "1", [.. load, "--seconds", FormattableString.Invariant($"{seconds}")], () => before = Stats(server.Port)).Rate * seconds;
                JsonElement after = Stats(server.Port);
                long Grown(string figure) => after.GetProperty(figure).GetInt64() - before.GetProperty(figure).GetInt64();
                report.WriteLine(FormattableString.Invariant(
                    $"| {name} | {(peer == "engine" ? "epoll" : "sockets")} | {messages:N0} | {Grown("allocatedBytes"):N0} | {Grown("allocatedBytes") / messages:F4} | {Grown("gen0")}, {Grown("gen1")}, {Grown("gen2")} |"));
            }
        }
    }

    private static JsonElement Stats(int port)
    {
        using var http = new HttpClient();
        using HttpResponseMessage response = http.Send(new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/stats"));
        return JsonSerializer.Deserialize<JsonElement>(response.Content.ReadAsStream());
    }
}
