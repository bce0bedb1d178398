using System.Net.Sockets;
using System.Text;

namespace Engine.TestKit.Tests;

[Category("Sockets")]
[CancelAfter(20_000)]
public sealed class RawClientTests
{
    [Test]
    public async Task Chunked_response_is_read_to_its_end_and_no_further()
    {
        const string Wire = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        await using LoopbackServer server = new(socket => socket.SendAsync(Encoding.ASCII.GetBytes(Wire)));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);

        RawHttpResponse first = await client.ReadResponseAsync();
        RawHttpResponse second = await client.ReadResponseAsync();

        Assert.That((first.StatusCode, first.Text), Is.EqualTo((200, "abcde")));
        Assert.That(second.StatusCode, Is.EqualTo(204));
    }

    [Test]
    public async Task Body_by_length_and_body_to_the_end_are_told_apart()
    {
        const string Wire = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.0 200 OK\r\n\r\nrest";
        await using LoopbackServer server = new(socket => socket.SendAsync(Encoding.ASCII.GetBytes(Wire)));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);

        Assert.That((await client.ReadResponseAsync()).Text, Is.EqualTo("hi"));
        Assert.That((await client.ReadResponseAsync()).Text, Is.EqualTo("rest"));
        Assert.That(client.SawFin, Is.True);
    }

    [Test]
    public async Task Reset_by_the_peer_is_seen_as_a_reset()
    {
        await using LoopbackServer server = new(async socket =>
        {
            await socket.ReceiveAsync(new byte[1]);
            socket.LingerState = new LingerOption(true, 0);
        });
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);

        await client.SendAsync("x");
        Assert.That(await client.ReadToEndAsync(), Is.Empty);
        Assert.That((client.SawReset, client.SawFin), Is.EqualTo((true, false)));
    }

    [Test]
    public async Task Reset_that_comes_while_connecting_is_seen_as_a_reset()
    {
        await using LoopbackServer server = new(socket =>
        {
            socket.LingerState = new LingerOption(true, 0);
            return Task.CompletedTask;
        });
        for (int i = 0; i < 300; i++)
        {
            await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
            Assert.That(await client.ReadToEndAsync(), Is.Empty);
            Assert.That((client.SawReset, client.SawFin), Is.EqualTo((true, false)));
            await Assert.ThatAsync(() => client.SendAsync("x"), Throws.TypeOf<SocketException>());
        }
    }

    [Test]
    public async Task Silence_ends_in_a_timeout_that_shows_what_had_arrived()
    {
        TaskCompletionSource release = new();
        await using LoopbackServer server = new(async socket =>
        {
            await socket.SendAsync("half"u8.ToArray());
            await release.Task;
        });
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint, TimeSpan.FromMilliseconds(300));

        TimeoutException? timeout = await Assert.ThrowsAsync<TimeoutException>(() => client.ReadUntilAsync("\r\n"));
        release.SetResult();
        Assert.That(timeout!.Message, Does.Contain("<half>"));
    }
}
