using System.Globalization;

namespace Engine.Bench;

/// <summary>How a server is to be started.</summary>
/// <param name="Port">0 lets it choose.</param>
/// <param name="Loops">Threads that serve, for servers that can be told.</param>
internal sealed record PeerStart(int Port = 0, int Loops = 1, bool IsTls = false, bool IsPortShared = false);

/// <summary>A server to measure: its name and its command.</summary>
internal sealed record Peer(string Name, Func<PeerStart, string[]> Command)
{
    /// <summary>A broadcast never waits, and 12 events of 16 KB in one millisecond are more than the 64 KB that a queue holds by default. The peers have no bound at all.</summary>
    private static readonly string[] BroadcastQueue = ["--max-outbound", "1048576"];

    public static Peer Find(string scenario, string name) => (scenario, name) switch
    {
        ("raw", "engine") => RawEcho(name, "auto"),
        ("raw", "engine-sockets") => RawEcho(name, "sockets"),
        ("raw", "c") => new Peer(name, start => [Tools.CompileC("echo", "Reference/echo.c"), Text(start.Port)]),
        ("sse", "c") => new Peer(name, start => [Tools.CompileC("fanout", "Reference/fanout.c"), Text(start.Port)]),
        ("sse", "engine" or "engine-coalescing") => TestServer(name, "auto", BroadcastQueue),
        ("topics", "c") => new Peer(name, start => [Tools.CompileC("fanout", "Reference/fanout.c"), Text(start.Port)]),
        ("topics", "engine-coalescing") => TestServer(name, "auto"),
        ("sse", "engine-sockets") => TestServer(name, "sockets", BroadcastQueue),
        (_, "c-tls") => new Peer(name, start => [Tools.CompileTls("tls", "Reference/tls.c"), Text(start.Port), .. Certificates()]),
        (_, "engine-raw") => SecureRawEcho(name, "auto", "openssl"),
        (_, "engine-raw-sslstream") => SecureRawEcho(name, "auto", "sslstream"),
        (_, "engine-raw-sockets") => SecureRawEcho(name, "sockets", "openssl"),
        ("cold", "engine-r2r") => Published(name, "conformance/TestServer", "-p:PublishReadyToRun=true", isNative: false),
        ("cold", "engine-r2r-static") => Published("engine-r2r", "conformance/TestServer", "-p:PublishReadyToRun=true", isNative: false, "DOTNET_TieredPGO=0"),
        ("cold", "engine-aot") => Published(name, "conformance/TestServer", "-p:PublishAot=true", isNative: true),
        ("cold", "kestrel") => new Peer(name, start => ["dotnet", Program("bench/Peers/KestrelPlain", "KestrelPlain"), Text(start.Port)]),
        ("cold", "kestrel-aot") => Published(name, "bench/Peers/KestrelPlain", "-p:PublishAot=true", isNative: true),
        (_, "engine") => TestServer(name, "auto"),
        (_, "engine-sockets") => TestServer(name, "sockets"),
        (_, "kestrel" or "signalr") => new Peer(name, start => ["dotnet", Program("bench/Peers/Kestrel", "Kestrel"), Text(start.Port), .. start.IsTls ? ["--tls", .. Certificates()] : Array.Empty<string>()]),
        (_, "beast") => new Peer(name, start => [Tools.CompileCpp("beast", "Peers/Beast/server.cpp", "libboost-dev"), Text(start.Port)]),
        (_, "bun") => new Peer(name, start => [Tools.Bun, Tools.NodeFile("bun.js"), Text(start.Port), .. start.IsTls ? Certificates() : []]),
        (_, "deno") => new Peer(name, start => [Tools.Deno, "run", "-A", Tools.NodeFile("deno.js"), Text(start.Port)]),
        (_, "ws") => new Peer(name, start => ["node", Tools.NodeFile("ws.mjs"), Text(start.Port)]),
        _ => throw new ArgumentException($"{scenario} knows no peer named {name}"),
    };

    /// <summary>A node of several over one Redis: the engine's topics, or SignalR with its own backplane.</summary>
    public static Peer FindNode(string name, int redisPort) => name switch
    {
        "signalr" => new Peer(name, start => ["dotnet", Program("bench/Peers/Kestrel", "Kestrel"), Text(start.Port), "--redis", $"127.0.0.1:{Text(redisPort)}"]),
        _ => TestServer(name, "auto", "--backplane", $"redis://127.0.0.1:{Text(redisPort)}"),
    };

    private static Peer TestServer(string name, string transport, params string[] more)
        => new(name, start =>
        [
            "dotnet", Program("conformance/TestServer", "TestServer"), "--port", Text(start.Port), "--loops", Text(start.Loops), "--transport", transport,
            .. start.IsTls ? ["--tls"] : Array.Empty<string>(), .. start.IsPortShared ? ["--reuse-port"] : Array.Empty<string>(), .. more,
        ]);

    /// <summary>A program that is published when it is asked for the first time: compiled before it runs, whole or in part.</summary>
    private static Peer Published(string name, string folder, string property, bool isNative, params string[] environment)
    {
        string project = Path.GetFileName(folder);
        string program = Path.Combine(Tools.Publish(name, folder, property), isNative ? project : $"{project}.dll");
        string[] command = [.. environment.Length > 0 ? ["env", .. environment] : Array.Empty<string>(), .. isNative ? Array.Empty<string>() : ["dotnet"], program];
        return new Peer(name, start => project == "TestServer"
            ? [.. command, "--port", Text(start.Port), "--loops", Text(start.Loops), "--transport", "auto"]
            : [.. command, Text(start.Port)]);
    }

    private static Peer RawEcho(string name, string transport) => new(name, start => ["dotnet", Program("bench/RawEcho", "RawEcho"), Text(start.Port), transport, Text(start.Loops)]);

    private static Peer SecureRawEcho(string name, string transport, string library)
        => new(name, start => ["dotnet", Program("bench/RawEcho", "RawEcho"), Text(start.Port), transport, Text(start.Loops), library, .. Certificates()]);

    private static string[] Certificates() => [Path.Combine(Tools.Artifacts, "certificate.pem"), Path.Combine(Tools.Artifacts, "key.pem")];

    private static string Program(string folder, string name) => Path.Combine(Tools.Root, folder, "bin", "Release", "net10.0", $"{name}.dll");

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
