using System.Globalization;

namespace Engine.Bench;

/// <summary>The scenarios that compare servers: who takes part, and what load each gets.</summary>
internal static class Comparisons
{
    private static readonly string[] BroadcastPeers = ["c", "engine", "engine-coalescing", "engine-sockets", "kestrel", "ws", "bun"];
    private static readonly string[] FanoutPeers = ["c", "engine", "engine-coalescing", "engine-sockets", "bun", "kestrel", "signalr"];
    private static readonly string[] BareTlsPeers = ["c-tls", "engine-raw", "engine-raw-sslstream", "engine-raw-sockets"];
    private static readonly string[] WebSocketTlsPeers = ["engine", "engine-sockets", "kestrel", "bun"];
    private static readonly string[] WebSocketPeers = ["engine", "engine-sockets", "beast", "bun", "deno", "ws", "kestrel"];

    public static IEnumerable<Comparison> Find(string scenario, BenchOptions options) => scenario switch
    {
        "raw" => [Raw(options)],
        "echo" => [Echo(options)],
        "plain" => [Plain("plain", 1, options)],
        "pipelined" => [Plain("pipelined", 16, options)],
        "sse" => options.IsTour ? [Streams(options), Broadcast(options)] : [Streams(options), Broadcast(options), BroadcastSideBySide(options)],
        "topics" => options.IsTour ? [Fanout(options)] : [Fanout(options), FanoutSideBySide(options)],
        "churn" => [Churn(options)],
        "slow" => [Slow(options)],
        "tls" => Tls(options),
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

    /// <summary>One thread that publishes, WebSockets that listen: what a delivery costs. The C loop sends and does nothing else; it compresses nothing.</summary>
    private static Comparison Fanout(BenchOptions options)
    {
        string[] compressing = [.. FanoutPeers.Where(static peer => peer is not ("c" or "signalr"))];
        BenchCase[] cases =
        [
            FanoutTo(1000, "1,000 subscribers, 100 B, 100 a second", "interval=10&size=100"),
            FanoutTo(10_000, "10,000 subscribers, 100 B, 10 a second", "interval=100&size=100"),
            FanoutTo(10_000, "100 topics of 100, 100 B, 10 a second", "interval=100&size=100&topics=100"),
            FanoutTo(1000, "1,000 subscribers, 16 KB, 10 a second", "interval=100&size=16384"),
            FanoutTo(1000, "1,000 subscribers, 1 KB compressed, 50 a second", "interval=20&size=1024&deflate=1", "--deflate") with { Peers = Chosen(options, compressing) },
        ];
        return new Comparison(
            "topics", "Topics to many WebSockets, latency from the publisher's clock; engine-coalescing gathers for 10 ms", "deliveries", Peers(options, FanoutPeers),
            options.IsTour ? cases[..1] : cases);
    }

    /// <summary>Each server and the C loop at once, at about a tenth of what a core can do.</summary>
    private static Comparison FanoutSideBySide(BenchOptions options)
    {
        string[] others = [.. Peers(options, FanoutPeers).Where(static peer => peer != "c")];
        return new Comparison(
            "topics", "Topics to 1,000 WebSockets, 100 B, 33 a second, each server beside the C loop, in the same seconds on the same core", "deliveries", ["c", .. others],
            [.. others.Select(peer => FanoutTo(1000, $"c beside {peer}", "interval=30&size=100") with { Peers = ["c", peer] })],
            IsSideBySide: true);
    }

    /// <summary>Ten publications a second are few: compilers that work while the program runs are done after some seconds only, and would be counted before.</summary>
    private static BenchCase FanoutTo(int subscribers, string name, string query, params string[] load)
    {
        var one = new BenchCase(name, subscribers, ["topics", "--path", $"/fanout?{query}", .. load]) { WarmUpSeconds = 6 };
        one.Exceptions["engine-coalescing"] = ["topics", "--path", $"/gathered-fanout?{query}", .. load];
        one.Exceptions["signalr"] = ["topics", "--path", $"/signalr?{query}", "--signalr", .. load];
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

    /// <summary>Peers that only give bytes back cannot take part in WebSocket comparisons, and the other way round: each takes part where it can.</summary>
    private static IEnumerable<Comparison> Tls(BenchOptions options)
        => new[] { TlsHandshake(options, isResumed: false), TlsHandshake(options, isResumed: true), TlsRaw(options), TlsEcho(options), TlsChurn(options) }.Where(static comparison => comparison.Peers.Length > 0);

    private static Comparison TlsHandshake(BenchOptions options, bool isResumed)
        => new(
            "tls", $"TCP connect, {(isResumed ? "resumed" : "whole")} TLS handshake, {options.Size} bytes there and back, end", "connections",
            Chosen(options, BareTlsPeers), [new BenchCase("20 at a time", 20, ["churn", "--bare", "--tls", .. isResumed ? new[] { "--resume" } : [], "--size", Text(options.Size)])], IsTls: true);

    private static Comparison TlsRaw(BenchOptions options)
        => new("tls", $"{options.Size} bytes back as they came, over TLS", "messages", Chosen(options, BareTlsPeers), Cases(options, options.IsTour ? [100] : [100, 1000, 4000], "raw", ["--tls", .. Message(options)]), IsTls: true);

    private static Comparison TlsEcho(BenchOptions options)
        => new("tls", $"WebSocket echo over TLS, {options.Size} bytes", "messages", Chosen(options, WebSocketTlsPeers), Cases(options, options.IsTour ? [100] : [100, 1000], "ws", ["--tls", .. Message(options)]), IsTls: true);

    private static Comparison TlsChurn(BenchOptions options)
        => new("tls", "Connect, TLS handshake, upgrade, one message, close", "connections", Chosen(options, WebSocketTlsPeers), [new BenchCase("churn of 20", 20, "churn", "--tls")], IsTls: true);

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

    private static string[] Chosen(BenchOptions options, string[] known) => [.. Peers(options, known).Where(known.Contains)];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
