using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace Engine.Interop.Tests;

/// <summary>The runtime's own clients: HttpClient, ClientWebSocket, SseParser.</summary>
public sealed class DotNetClientTests(string transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task HttpClient_posts_and_gets_at_once_on_many_connections()
    {
        using var client = new HttpClient();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
        {
            byte[] sent = RandomNumberGenerator.GetBytes(number * 100);
            using var content = new ByteArrayContent(sent);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            using HttpResponseMessage response = await client.PostAsync(new Uri($"{Server.Http}/echo"), content, Cancellation);
            Assert.That(await response.Content.ReadAsByteArrayAsync(Cancellation), Is.EqualTo(sent));
        }));
    }

    [Test]
    public async Task SseParser_reads_every_event()
    {
        using var client = new HttpClient();
        await using Stream stream = await client.GetStreamAsync(new Uri($"{Server.Http}/sse?count=500&size=50&interval=0"), Cancellation);
        int next = 0;
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync(Cancellation))
        {
            Assert.That(item.EventId, Is.EqualTo($"{next++}"));
            Assert.That(item.Data, Has.Length.EqualTo(50));
        }

        Assert.That(next, Is.EqualTo(500));
    }

    [Test]
    public async Task ClientWebSocket_gets_every_size_back([Values] bool isCompressed, [Values(0, 1, 125, 126, 65_535, 65_536, 1 << 20, 16 << 20)] int size)
    {
        using ClientWebSocket socket = await ConnectAsync(isCompressed);
        byte[] sent = RandomNumberGenerator.GetBytes(size);
        await socket.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, Cancellation);
        (WebSocketMessageType type, byte[] received) = await ReceiveAsync(socket);
        Assert.That(type, Is.EqualTo(WebSocketMessageType.Binary));
        Assert.That(received.AsSpan().SequenceEqual(sent), Is.True);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Cancellation);
        Assert.That(socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.NormalClosure));
    }

    [Test]
    public async Task ClientWebSocket_gets_text_of_every_plane_back_however_it_is_fragmented([Values] bool isCompressed, [Values(1, 7, 1000)] int fragmentBytes)
    {
        using ClientWebSocket socket = await ConnectAsync(isCompressed);
        byte[] sent = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aé€𝄞漢😀\0", 300)));
        for (int at = 0; at < sent.Length; at += fragmentBytes)
        {
            int end = Math.Min(at + fragmentBytes, sent.Length);
            await socket.SendAsync(sent.AsMemory(at, end - at), WebSocketMessageType.Text, end == sent.Length, Cancellation);
        }

        (WebSocketMessageType type, byte[] received) = await ReceiveAsync(socket);
        Assert.That(type, Is.EqualTo(WebSocketMessageType.Text));
        Assert.That(received, Is.EqualTo(sent));
    }

    private async Task<ClientWebSocket> ConnectAsync(bool isCompressed)
    {
        var socket = new ClientWebSocket();
        if (isCompressed)
        {
            socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        }

        await socket.ConnectAsync(new Uri($"{Server.Ws}/any/path"), Cancellation);
        return socket;
    }

    private static async Task<(WebSocketMessageType Type, byte[] Bytes)> ReceiveAsync(ClientWebSocket socket)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[65_536];
        while (true)
        {
            ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
            bytes.Write(buffer, 0, result.Count);
            if (result.EndOfMessage)
            {
                return (result.MessageType, bytes.ToArray());
            }
        }
    }
}
