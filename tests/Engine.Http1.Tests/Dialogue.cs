using System.Text;
using System.Text.RegularExpressions;

namespace Engine.Http1.Tests;

/// <summary>A server over the in-memory transport and one peer: send these bytes, expect those. Deterministic, with a clock of its own.</summary>
internal sealed partial class Dialogue
{
    private readonly MemoryServer _server;

    public Dialogue(Action<HttpServer>? map = null, Action<HttpServerOptions>? configure = null)
    {
        var options = new HttpServerOptions { OnError = (exception, _) => Errors.Add(exception) };
        configure?.Invoke(options);
        var http = new HttpServer(options);
        (map ?? MapEcho)(http);
        _server = new MemoryServer(http.BuildServerOptions(), http.CreateProtocol);
        Peer = _server.Connect();
    }

    public MemoryPeer Peer { get; private set; }

    public List<Exception> Errors { get; } = [];

    public EngineServer Engine => _server.Engine;

    /// <summary>What the tables are run against: every method and path answers 200 with the body that it was sent.</summary>
    public static void MapEcho(HttpServer server) => server.Map("*", "/{*path}", async context =>
    {
        byte[] body = await context.Request.ReadBytesAsync();
        await context.Response.WriteAsync(body);
    }).Map("OPTIONS", "/options", static context => context.Response.WriteAsync("own"));

    /// <summary>What a fresh server answers to these pieces, without its Date lines, and with the connection's end behind it.</summary>
    public static string Ask(IEnumerable<byte[]> pieces, Action<HttpServer>? map = null, Action<HttpServerOptions>? configure = null)
    {
        var dialogue = new Dialogue(map, configure);
        foreach (byte[] piece in pieces)
        {
            dialogue.Send(piece);
        }

        return dialogue.Take();
    }

    public static string Ask(string request, Action<HttpServer>? map = null, Action<HttpServerOptions>? configure = null)
        => Ask([Encoding.Latin1.GetBytes(request)], map, configure);

    public void Connect() => Peer = _server.Connect();

    public void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    public void Send(ReadOnlySpan<byte> bytes)
    {
        Peer.Send(bytes);
        _server.RunUntilIdle();
    }

    public void Run() => _server.RunUntilIdle();

    public bool RunUntil(Func<bool> condition) => _server.RunUntil(condition, TimeSpan.FromSeconds(10));

    public void Advance(TimeSpan time) => _server.Advance(time);

    /// <summary>What arrived since the last call.</summary>
    public string Take()
    {
        string text = DateLine().Replace(Encoding.Latin1.GetString(Peer.TakeReceived()), "");
        return text + (Peer.SawReset ? "<RST>" : Peer.SawFin ? "<FIN>" : "");
    }

    [GeneratedRegex("Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n")]
    private static partial Regex DateLine();
}
