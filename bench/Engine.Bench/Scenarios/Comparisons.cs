using System.Globalization;

namespace Engine.Bench;

/// <summary>The scenarios that compare servers: who takes part, and what load each gets.</summary>
internal static class Comparisons
{
    private static readonly string[] BroadcastPeers = ["c", "engine", "engine-coalescing", "engine-sockets", "kestrel", "ws", "bun"];
    private static readonly string[] WebSocketPeers = ["engine", "engine-sockets", "beast", "bun", "deno", "ws", "kestrel"];

    public static IEnumerable<Comparison> Find(string scenario, BenchOptions options) => scenario switch
    {
        "raw" => [Raw(options)],
        "echo" => [Echo(options)],
        "plain" => [Plain("plain", 1, options)],
        "pipelined" => [Plain("pipelined", 16, options)],
        "sse" => options.IsTour ? [Streams(options), Broadcast(options)] : [Streams(options), Broadcast(options), BroadcastSideBySide(options)],
        "churn" => [Churn(options)],
        "slow" => [Slow(options)],
        "tls" => [TlsEcho(options), TlsChurn(options)],
        _ => throw new ArgumentException($"no comparison is named {scenario}"),
    };

    private static Comparison Raw(BenchOptions options)
        => new("raw", $"{options.Size} bytes back as they came", "messages", Peers(options, "c", "engine", "engine-sockets"), Cases(options, options.IsTour ? [100] : [100, 4000], "raw", Message(options)));

    private static Comparison Echo(BenchOptions options)
        => new("echo", $"WebSocket echo, {options.Size} bytes, {options.Batch} a write", "messages", Peers(options, WebSocketPeers), Cases(options, [100, 4000], "ws", Message(options)));

    private static Comparison Plain(string name, int batch, BenchOptions options)
    {
        string depth = Text(options.Batch > 1 ? options.Batch : batch);
        return new Comparison(name, $"GET /plain, keep-alive, {depth} requests a write", "requests", Peers(options, WebSocketPeers), Cases(options, [100], "http", ["--batch", depth, .. Rate(options)]));
    }

    private static Comparison Streams(BenchOptions options)
    {
        BenchCase One(int kilobytes) => new($"1 stream, {kilobytes} KB", 1, "sse", "--path", $"/ticks?interval=1&burst=12&size={kilobytes * 1024}");
        return new Comparison(
            "sse", "Server-sent events on one connection, 12 each millisecond, latency from the server's clock", "events", Peers(options, "c", "engine", "engine-sockets", "kestrel", "ws", "bun"),
            options.IsTour ? [One(4)] : [One(1), One(4), One(16)]);
    }

    private static Comparison Broadcast(BenchOptions options)
    {
        int streams = First(options, 1000);
        return new Comparison(
            "sse", "Server-sent events to many, 100 a second to each, 100 bytes; engine-coalescing gathers for 10 ms", "events", Peers(options, BroadcastPeers), [BroadcastTo(streams, $"{streams} streams", null)]);
    }

    /// <summary>
    /// Each server and the C loop at once, so that nothing but the servers differs. Once more with readers that nap: a reader at work on the next core slows the sender
    /// down, and the slower of two the more.
    /// </summary>
    private static Comparison BroadcastSideBySide(BenchOptions options)
    {
        int streams = First(options, 1000);

        // Node takes so much of the core that the two would be in each other's way.
        string[] others = [.. Peers(options, BroadcastPeers).Where(static peer => peer is not ("c" or "ws"))];
        return new Comparison(
            "sse", "Server-sent events to many, each server beside the C loop, in the same seconds on the same core", "events", ["c", .. others],
            [
                .. others.Select(peer => BroadcastTo(streams, $"c beside {peer}", ["c", peer])),
                .. others.Select(peer => BroadcastTo(streams, $"c beside {peer}, readers that nap", ["c", peer], "--nap", "4")),
            ],
            IsSideBySide: true);
    }

    private static BenchCase BroadcastTo(int streams, string name, string[]? peers, params string[] load)
    {
        const string Query = "ticks?interval=10&burst=1&size=100";
        var one = new BenchCase(name, streams, ["sse", "--path", $"/{Query}", .. load]) { Peers = peers };
        one.Exceptions["engine-coalescing"] = ["sse", "--path", $"/gathered-{Query}", .. load];
        return one;
    }

    private static Comparison Churn(BenchOptions options)
        => new("churn", "Connect, upgrade, one message, close", "connections", Peers(options, WebSocketPeers), Cases(options, [50], "churn", []));

    private static Comparison Slow(BenchOptions options)
    {
        int good = First(options, 100);
        BenchCase With(int frozen) => new($"{frozen} frozen", good, ["ws", "--frozen", Text(frozen), .. Message(options)]);
        return new Comparison("slow", $"WebSocket echo on {good} connections while others ask and never read", "messages", Peers(options, WebSocketPeers), options.IsTour ? [With(100)] : [With(0), With(100)]);
    }

    private static Comparison TlsEcho(BenchOptions options)
        => new("tls", $"WebSocket echo over TLS, {options.Size} bytes", "messages", Peers(options, "engine", "engine-sockets", "kestrel", "bun"), Cases(options, options.IsTour ? [100] : [100, 1000], "ws", ["--tls", .. Message(options)]), IsTls: true);

    private static Comparison TlsChurn(BenchOptions options)
        => new("tls", "Connect, TLS handshake, upgrade, one message, close", "connections", Peers(options, "engine", "engine-sockets", "kestrel", "bun"), [new BenchCase("churn of 20", 20, "churn", "--tls")], IsTls: true);

    private static BenchCase[] Cases(BenchOptions options, int[] connections, string mode, string[] load)
        => [.. (options.Connections.Length > 0 ? options.Connections : connections).Select(count => new BenchCase($"{count} connections", count, [mode, .. load]))];

    private static int First(BenchOptions options, int otherwise) => options.Connections is [int count, ..] ? count : otherwise;

    private static string[] Message(BenchOptions options) => ["--size", Text(options.Size), "--batch", Text(options.Batch), .. Rate(options)];

    private static string[] Rate(BenchOptions options) => options.Rate > 0 ? ["--rate", Text(options.Rate)] : [];

    private static string[] Peers(BenchOptions options, params string[] known)
        => options.Peers.Length > 0 ? options.Peers : [.. known.Where(name => options.Transport switch
        {
            "epoll" => name != "engine-sockets",
            "sockets" => name is not ("engine" or "engine-coalescing"),
            _ => true,
        })];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
