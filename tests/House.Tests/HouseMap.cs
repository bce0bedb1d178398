namespace House.Tests;

/// <summary>
/// The plan the tests hold the tree to. Projects name what they may reference; folders stand lowest first, and a file may use its own folder and
/// those before it. A new project or folder is added here first, which is the moment to ask where it belongs.
/// </summary>
internal static class HouseMap
{
    /// <summary>Project references a package may have. None points back.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> ProjectArrows = new Dictionary<string, string[]>
    {
        ["Engine"] = [],
        ["Engine.Http1"] = ["Engine"],
        ["Engine.PubSub"] = ["Engine"],
        ["Engine.WebSockets"] = ["Engine", "Engine.Http1", "Engine.PubSub"],
        ["Engine.Sse"] = ["Engine", "Engine.Http1", "Engine.PubSub"],
        ["Engine.StaticFiles"] = ["Engine", "Engine.Http1"],
        ["Engine.Hosting"] = ["Engine", "Engine.Http1", "Engine.PubSub", "Engine.WebSockets", "Engine.Sse"],

        // The generator is inside the package of what it generates for; nothing calls it.
        ["Engine.TypeScript.Generator"] = [],
        ["Engine.TypeScript"] = ["Engine.TypeScript.Generator"],
        ["Engine.TypeScript.Tool"] = [],
    };

    /// <summary>Folders of each package, lowest first. The root (empty name) holds words and numbers that everybody may use.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Folders = new Dictionary<string, string[]>
    {
        ["Engine"] =
        [
            "", "Diagnostics", "Buffers", "Timers", "Transport", "Transport/Memory", "Transport/Sockets", "Transport/Epoll", "Transport/Proxy",
            "Transport/Tls",
            "Connections/Inbound", "Connections/Outbound", "Connections", "Server", "Client",
        ],
        ["Engine.Http1"] = ["", "Parsing", "Responses", "Messages", "Content", "Multipart", "Routing", "Connection", "Server", "Middleware"],
        ["Engine.PubSub"] = ["", "Log", "Presence", "Backplane", "Topics"],
        ["Engine.WebSockets"] = ["", "Framing", "Deflate", "Connection", "Topics", "Handshake", "TopicProtocol", "Client", "TopicClient"],
        ["Engine.Sse"] = ["", "Streams", "Topics", "Hub", "Client"],
        ["Engine.StaticFiles"] = [""],
        ["Engine.Hosting"] = [""],
        ["Engine.TypeScript.Generator"] = [""],
        ["Engine.TypeScript"] = [""],
        ["Engine.TypeScript.Tool"] = [""],
    };

    /// <summary>Folders on the same step: they share what lies below and know nothing of one another.</summary>
    public static readonly IReadOnlyList<string[]> Siblings = [["Transport/Memory", "Transport/Sockets", "Transport/Epoll"]];

    /// <summary>Packages that may hold unsafe code.</summary>
    public static readonly IReadOnlyList<string> MayBeUnsafe = ["Engine", "Engine.WebSockets"];
}
