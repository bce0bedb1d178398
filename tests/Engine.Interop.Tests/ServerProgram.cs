using System.Net;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>One of the repository's programs, started as a user would start it, on a free port.</summary>
internal sealed class ServerProgram : IAsyncDisposable
{
    private ServerProgram(ChildProcess process, IPEndPoint endPoint)
    {
        Process = process;
        EndPoint = endPoint;
    }

    public ChildProcess Process { get; }

    public IPEndPoint EndPoint { get; }

    public string Http => $"http://{EndPoint}";

    public string Ws => $"ws://{EndPoint}";

    public static Task<ServerProgram> StartTestServerAsync(string transport, params string[] more)
        => StartAsync("conformance/TestServer/bin", "TestServer.dll", "listening on ", ["--transport", transport, .. more]);

    /// <param name="transport">sockets or epoll.</param>
    /// <param name="mqtt">Where the MQTT broker listens.</param>
    public static Task<ServerProgram> StartDialectsAsync(string transport, string mqtt)
        => StartAsync("samples/Dialects/bin", "Dialects.dll", "Dialects listening on http://", ["--transport", transport, "--mqtt", mqtt]);

    /// <summary>With room for two jobs at a time, whose answers are kept for a second.</summary>
    public static Task<ServerProgram> StartGatewayAsync(string transport)
        => StartAsync("samples/Gateway/bin", "Gateway.dll", "Gateway listening on http://", ["--transport", transport, "--jobs", "2", "--ttl", "1"]);

    public static Task<ServerProgram> StartDemoAsync(string transport)
        => StartAsync("samples/Demo/bin", "Demo.dll", "Demo listening on http://", ["--transport", transport]);

    /// <param name="port">0 for a free one.</param>
    /// <param name="journal">The file that keeps the rooms over a restart.</param>
    public static Task<ServerProgram> StartChatAsync(int port, string journal)
        => StartAsync("samples/Chat/bin", "Chat.dll", "Chat listening on http://", ["--port", $"{port}", "--loops", "2", "--journal", journal], isServer: false);

    /// <summary>One of several that are one chat over a broker.</summary>
    public static Task<ServerProgram> StartChatNodeAsync(string backplane)
        => StartAsync("samples/Chat/bin", "Chat.dll", "Chat listening on http://", ["--port", "0", "--backplane", backplane, "--secret", "shared"], isServer: false);

    public static Task<ServerProgram> StartOrdersAsync()
        => StartAsync("samples/Orders/bin", "Orders.dll", "Orders listening on http://", ["--port", "0"], isServer: false);

    public static Task<ServerProgram> StartGameAsync()
        => StartAsync("samples/Game/bin", "Game.dll", "Game listening on http://", [], isServer: true);

    public static Task<ServerProgram> StartProxyAsync(string transport, EndPoint to, params string[] more)
        => StartAsync("samples/Proxy/bin", "Proxy.dll", "Proxy listening on ", ["--transport", transport, "--listen", "127.0.0.1:0", "--to", to.ToString()!, .. more], isServer: false);

    /// <summary>Asks it to end, which it does in order and without a word of complaint.</summary>
    public async Task StopAsync()
    {
        await Process.SignalAsync("TERM");
        Assert.That(await Process.WaitForExitAsync(TimeSpan.FromSeconds(20)), Is.Zero, "it stops gracefully");
        Assert.That(Process.Error, Is.Empty);
        await DisposeAsync();
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static async Task<ServerProgram> StartAsync(string folder, string program, string ready, string[] arguments, bool isServer = true)
    {
        string path = Path.Combine(Repository.Root, folder, Repository.Configuration, "net10.0", program);
        string[] command = ["dotnet", path];

        // ./build.sh aot runs these tests against what it published, a folder a program.
        string name = Path.GetFileNameWithoutExtension(program);
        if (Environment.GetEnvironmentVariable("ENGINE_NATIVE") is { Length: > 0 } native && Directory.Exists(Path.Combine(native, name)))
        {
            command = [Path.Combine(native, name, name)];
        }

        // A shell that runs the tests in its background has SIGINT ignored, and children would inherit that.
        ChildProcess process = ChildProcess.Start("env", ["--default-signal=INT", .. command, .. isServer ? ["--port", "0", "--loops", "2"] : Array.Empty<string>(), .. arguments]);
        try
        {
            string line = await process.WaitForLineAsync(text => text.StartsWith(ready, StringComparison.Ordinal), TimeSpan.FromSeconds(30));
            return new ServerProgram(process, IPEndPoint.Parse(line[ready.Length..]));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }
}

/// <summary>Where the tests run.</summary>
internal static class Repository
{
    /// <summary>The folder of Engine.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Debug or Release: that of the tests.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
