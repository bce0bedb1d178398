using System.Net;
using Engine.Interop.Tests;

namespace Engine.Backplane.Tests;

/// <summary>Two processes of the chat over one broker.</summary>
[CancelAfter(60_000)]
internal sealed class ChatNodesTests
{
    [Test]
    public async Task What_is_said_on_one_node_is_heard_on_the_other()
    {
        using BrokerProcess broker = BrokerProcess.Redis();
        await broker.StartAsync();
        await using ServerProgram first = await ServerProgram.StartChatNodeAsync($"redis://127.0.0.1:{broker.Port}");
        await using ServerProgram second = await ServerProgram.StartChatNodeAsync($"redis://127.0.0.1:{broker.Port}");
        using var http = new HttpClient();
        CancellationToken cancellation = TestContext.CurrentContext.CancellationToken;
        using HttpResponseMessage events = await http.GetAsync($"{second.Http}/events?topic=room.a", HttpCompletionOption.ResponseHeadersRead, cancellation);
        using var lines = new StreamReader(await events.Content.ReadAsStreamAsync(cancellation));

        using HttpResponseMessage signedIn = await http.PostAsync($"{first.Http}/auth", new StringContent("ann"), cancellation);
        string ticket = await signedIn.Content.ReadAsStringAsync(cancellation);
        await SayAsync(first, "hello");
        Assert.That(await HearAsync(lines), Does.Contain("hello").And.Contain("ann"));
        await SayAsync(second, "the ticket is good here too");
        Assert.That(await HearAsync(lines), Does.Contain("good here too"));

        async Task SayAsync(ServerProgram node, string text)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{node.Http}/topics/room.a") { Content = new StringContent($"{{\"type\":\"chat\",\"text\":\"{text}\"}}") };
            request.Headers.Add("Authorization", $"Bearer {ticket}");
            using HttpResponseMessage response = await http.SendAsync(request, cancellation);
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        }

        async Task<string> HearAsync(StreamReader from)
        {
            while (true)
            {
                string line = await from.ReadLineAsync(cancellation) ?? throw new EndOfStreamException();
                if (line.StartsWith("data: ", StringComparison.Ordinal) && line.Contains("text", StringComparison.Ordinal))
                {
                    return line;
                }
            }
        }
    }
}
