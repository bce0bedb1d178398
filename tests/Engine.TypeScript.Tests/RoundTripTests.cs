using System.Net;
using System.Text.Json;
using Engine.Http1;
using Engine.TypeScript.Tool;
using Engine.WebSockets;

namespace Engine.TypeScript.Tests;

/// <summary>Each shape over a WebSocket: from .NET to node and back, and from node to .NET and back, by what the tool wrote.</summary>
[Category("Interop")]
[CancelAfter(120_000)]
public sealed class RoundTripTests
{
    [TestCase("string", "string", "typescript")]
    [TestCase("bigint", "Date", "typescript-5")]
    public async Task Every_shape_comes_back_as_it_went(string longs, string dates, string compiler)
    {
        using var node = new Node();
        string[] line = [typeof(Scalars).Assembly.Location, "--out", node.PathOf("contract.ts"), "--long", longs, "--date", dates];
        ToolOptions options = ToolOptions.Parse(line, out string error) ?? throw new InvalidOperationException(error);
        using var errors = new StringWriter();
        Assert.That(await new ContractTool(options, TextWriter.Null, errors).RunAsync(CancellationToken.None), Is.Zero, errors.ToString());
        node.Copy($"messages-{longs}.ts");
        File.Move(node.PathOf($"messages-{longs}.ts"), node.PathOf("messages.ts"));
        node.Copy("round-trip.mjs");
        (int exitCode, string output) = await node.RunAsync([.. Node.Strict(compiler), "messages.ts"]);
        Assert.That(exitCode, Is.Zero, $"{output}\n{await File.ReadAllTextAsync(node.PathOf("contract.ts"))}");

        await using var server = new HttpServer(new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), LoopCount = 1 });
        server.MapWebSocket("/shapes", new ShapesHandler());
        server.MapGet("/samples", static context => context.Response.WriteAsync($"[{string.Join(',', Samples.All)}]"));
        await server.StartAsync();
        (exitCode, output) = await node.RunAsync("round-trip.mjs", server.EndPoint!.ToString()!);
        Assert.That(exitCode, Is.Zero, output);
        string[] lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        Assert.That(lines[^1], Is.EqualTo($"round trips: {Samples.All.Count} from .NET, {Samples.All.Count} from node"));

        // What node wrote of what .NET had written, member by member.
        for (int i = 0; i < Samples.All.Count; i++)
        {
            using JsonDocument sent = JsonDocument.Parse(Samples.All[i]), came = JsonDocument.Parse(lines[i]);
            Assert.That(JsonElement.DeepEquals(sent.RootElement, came.RootElement), $"{Samples.All[i]}\n{lines[i]}");
        }
    }
}
