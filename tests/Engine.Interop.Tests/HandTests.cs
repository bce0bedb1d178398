using System.Text.RegularExpressions;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>What one would try by hand with printf.</summary>
public sealed partial class HandTests(string transport) : BothTransports(transport)
{
    [Test]
    public async Task Plain_by_hand()
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        for (int i = 0; i < 2; i++)
        {
            RawHttpResponse response = await client.RequestAsync("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.That(response.StatusCode, Is.EqualTo(200));
            Assert.That(response["Content-Length"], Is.EqualTo("13"));
            Assert.That(response["Connection"], Is.Null.Or.EqualTo("keep-alive"));
            Assert.That(response["Date"], Does.Match(DateForm()));
            Assert.That(response.Text, Is.EqualTo("Hello, World!"));
        }
    }

    [Test]
    public async Task A_bad_request_line_is_answered_with_400_and_close()
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        RawHttpResponse response = await client.RequestAsync("NONSENSE\r\n\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(400));
        Assert.That(response["Connection"], Is.EqualTo("close"));
        await client.ReadToEndAsync();
        Assert.That(client.SawFin, Is.True);
    }

    [Test]
    public async Task RFC_6455_1_3_the_example_key_is_answered_with_the_example_value()
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        RawHttpResponse response = await client.RequestAsync(
            "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(101));
        Assert.That(response["Upgrade"], Is.EqualTo("websocket").IgnoreCase);
        Assert.That(response["Sec-WebSocket-Accept"], Is.EqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    [Test]
    public async Task RFC_6455_4_4_another_version_is_answered_with_426_and_the_one_that_is_spoken()
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        RawHttpResponse response = await client.RequestAsync(
            "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 12\r\n\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(426));
        Assert.That(response["Sec-WebSocket-Version"], Is.EqualTo("13"));
    }

    [Test]
    public async Task Requests_in_single_bytes_are_answered()
    {
        await using var proxy = new FaultProxy(Server.EndPoint, new FaultPlan { PieceBytes = 1 }, new FaultPlan { PieceBytes = 1 });
        await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
        RawHttpResponse response = await client.RequestAsync("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        Assert.That(response.Text, Is.EqualTo("hello"));
    }

    [GeneratedRegex("^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$")]
    private static partial Regex DateForm();
}
