using System.Globalization;

namespace Engine.Bench;

/// <summary>A server to measure: its name and how it is started on a port.</summary>
internal sealed record Peer(string Name, Func<int, string[]> Command)
{
    public static Peer Find(string scenario, string name) => (scenario, name) switch
    {
        ("raw", "engine") => RawEcho(name, "auto"),
        ("raw", "engine-sockets") => RawEcho(name, "sockets"),
        ("raw", "c") => new Peer(name, port => [Tools.Compile("Reference/echo.c", "echo"), Text(port)]),
        (_, "engine") => TestServer(name, "auto"),
        (_, "engine-sockets") => TestServer(name, "sockets"),
        (_, "kestrel") => new Peer(name, port => ["dotnet", Program("bench/Peers/Kestrel", "Kestrel"), Text(port)]),
        (_, "bun") => new Peer(name, port => [Path.Combine(Tools.NodePeers(), "node_modules/bun/bin/bun.exe"), Path.Combine(Tools.NodePeers(), "bun.js"), Text(port)]),
        (_, "deno") => new Peer(name, port => [Path.Combine(Tools.NodePeers(), "node_modules/@deno/linux-x64-glibc/deno"), "run", "-A", Path.Combine(Tools.NodePeers(), "deno.js"), Text(port)]),
        (_, "ws") => new Peer(name, port => ["node", Path.Combine(Tools.NodePeers(), "ws.mjs"), Text(port)]),
        _ => throw new ArgumentException($"{scenario} knows no peer named {name}"),
    };

    private static Peer TestServer(string name, string transport)
        => new(name, port => ["dotnet", Program("conformance/TestServer", "TestServer"), "--port", Text(port), "--loops", "1", "--transport", transport]);

    private static Peer RawEcho(string name, string transport) => new(name, port => ["dotnet", Program("bench/RawEcho", "RawEcho"), Text(port), transport, "1"]);

    private static string Program(string folder, string name) => Path.Combine(Tools.Root, folder, "bin", "Release", "net10.0", $"{name}.dll");

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
