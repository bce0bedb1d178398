using System.Globalization;
using System.Net.WebSockets;
using Engine.WebSockets;
using StreamJsonRpc;

namespace Engine.Interop.Tests;

/// <summary>StreamJsonRpc, which takes the runtime's WebSocket, over ours on both ends, and over the runtime's own client.</summary>
[Category("Interop")]
public sealed class JsonRpcTests(TransportKind transport) : InProcess(transport)
{
    [Test]
    public async Task Calls_go_both_ways_and_errors_come_back([Values] bool isOurClient, CancellationToken cancellation)
    {
        await StartAsync(static server => server.MapWebSocket("/rpc", static async (socket, closed) =>
        {
            using WebSocket webSocket = socket.AsWebSocket();
            using var rpc = new JsonRpc(new WebSocketMessageHandler(webSocket, new SystemTextJsonFormatter()));
            rpc.AddLocalRpcTarget(new Service(rpc));
            rpc.StartListening();
            await rpc.Completion;
        }));
        var uri = new Uri($"ws://{EndPoint}/rpc");
        using WebSocket client = isOurClient ? (await WebSocketClient.OpenAsync(uri, cancellationToken: cancellation)).AsWebSocket() : await ConnectAsync(uri, cancellation);
        using var rpc = new JsonRpc(new WebSocketMessageHandler(client, new SystemTextJsonFormatter()));
        rpc.AddLocalRpcMethod("name", static () => "client");
        rpc.StartListening();
        Assert.That(await rpc.InvokeWithCancellationAsync<int>("Add", [3, 4], cancellation), Is.EqualTo(7));
        Assert.That(await rpc.InvokeWithCancellationAsync<string>("Greet", [], cancellation), Is.EqualTo("hello client"));
        Assert.That(await rpc.InvokeWithCancellationAsync<string>("Repeat", ["x", 500_000], cancellation), Has.Length.EqualTo(500_000));
        int[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => rpc.InvokeWithCancellationAsync<int>("Add", [i, i], cancellation)));
        Assert.That(answers, Is.EqualTo(Enumerable.Range(0, 100).Select(static i => 2 * i)));
        await Assert.ThatAsync(() => rpc.InvokeWithCancellationAsync("Fail", [], cancellation), Throws.InstanceOf<RemoteInvocationException>().With.Message.EqualTo("as asked"));
    }

    private static async Task<WebSocket> ConnectAsync(Uri uri, CancellationToken cancellation)
    {
        var client = new ClientWebSocket();
        await client.ConnectAsync(uri, cancellation);
        return client;
    }

    private sealed class Service(JsonRpc rpc)
    {
        public int Add(int left, int right) => left + right;

        public async Task<string> Greet() => $"hello {await rpc.InvokeAsync<string>("name")}";

        public string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count)).ToString(CultureInfo.InvariantCulture);

        public void Fail() => throw new InvalidOperationException("as asked");
    }
}
