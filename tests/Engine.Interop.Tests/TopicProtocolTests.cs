using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Engine.Interop.Tests;

/// <summary>topics.v1 as its document says, played by the runtime's client against the server under test: every transcript, line by line.</summary>
public sealed partial class TopicProtocolTests(string transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    private static IEnumerable<TestCaseData> Transcripts()
    {
        string document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "topics-protocol.md"));
        string heading = "";
        foreach (string part in document.Split("\n## "))
        {
            heading = part.Split('\n')[0];
            string[] blocks = [.. part.Split("```transcript\n").Skip(1).Select(static block => block.Split("```")[0])];
            for (int i = 0; i < blocks.Length; i++)
            {
                yield return new TestCaseData(blocks[i]).SetArgDisplayNames($"{heading} {i + 1}");
            }
        }
    }

    [TestCaseSource(nameof(Transcripts))]
    public async Task Each_transcript_of_the_document_is_what_happens(string transcript)
    {
        var epochs = new Dictionary<string, string>(StringComparer.Ordinal);
        ClientWebSocket socket = await OpenAsync();
        foreach (string line in transcript.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (line[0])
            {
                case '>':
                    await SendAsync(socket, Epoch().Replace(line[2..], match => epochs[match.Value] + "-"));
                    break;
                case '<':
                    string received = await ReceiveAsync(socket);
                    Assert.That(Position().Replace(received, match => Name(epochs, match.Groups[1].Value) + "-"), Is.EqualTo(line[2..]));
                    break;
                default:
                    socket.Abort();
                    socket.Dispose();
                    socket = await OpenAsync();
                    break;
            }
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation);
        socket.Dispose();
    }

    [Test]
    public async Task The_binary_transcript_of_the_document_is_what_happens()
    {
        string transcript = File.ReadAllText(Path.Combine(Repository.Root, "docs", "topics-protocol.md")).Split("```transcript-binary\n")[1].Split("```")[0];
        var names = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        using ClientWebSocket socket = await OpenAsync("topics.v1.binary");
        foreach (string line in transcript.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line[2..].Split(' ');
            if (line[0] == '>')
            {
                await socket.SendAsync((byte[])[.. fields.SelectMany(field => Bytes(field, names))], WebSocketMessageType.Binary, endOfMessage: true, Cancellation);
                continue;
            }

            byte[] buffer = new byte[1000];
            ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
            byte[] received = buffer[..result.Count];
            int at = 0;
            foreach (string field in fields)
            {
                // The first time that a name stands for a number, it is whatever the server says.
                int length = Array.FindIndex(received, at, static one => one < 0x80) - at + 1;
                byte[] expected = field[0] is 'e' or 'n' && field.Length == 2 && names.TryAdd(field, received[at..(at + length)]) ? names[field] : Bytes(field, names);
                Assert.That(received[at..Math.Min(at + expected.Length, received.Length)], Is.EqualTo(expected), $"{field} of {line}");
                at += expected.Length;
            }

            Assert.That((result.MessageType, at), Is.EqualTo((WebSocketMessageType.Binary, received.Length)), line);
        }
    }

    [Test]
    public async Task A_client_is_advised_to_come_back_before_the_server_stops([Values("topics.v1", "topics.v1.binary")] string subProtocol)
    {
        await using ServerProgram server = await ServerProgram.StartTestServerAsync(Transport);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(subProtocol);
        await socket.ConnectAsync(new Uri($"{server.Ws}/topics"), Cancellation);
        await server.Process.SignalAsync("TERM");
        byte[] buffer = new byte[1000];
        ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
        Assert.That(
            buffer[..result.Count],
            Is.EqualTo(subProtocol == "topics.v1" ? "{\"type\":\"advice\",\"retry\":\"later\",\"withinMilliseconds\":5000}"u8.ToArray() : [136, 5, .. "later"u8, 0x88, 0x27]));
        result = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
        Assert.That((result.MessageType, socket.CloseStatus), Is.EqualTo((WebSocketMessageType.Close, (WebSocketCloseStatus?)WebSocketCloseStatus.EndpointUnavailable)));
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation);
    }

    [TestCase("[]")]
    [TestCase("{\"type\":1}")]
    [TestCase("{\"type\":\"subscribe\"")]
    [TestCase("{\"type\":\"publish\",\"text\":\"a\",\"data\":1}")]
    public async Task What_is_no_command_closes_with_1008(string text)
    {
        using ClientWebSocket socket = await OpenAsync();
        await SendAsync(socket, text);
        ValueWebSocketReceiveResult result = await socket.ReceiveAsync(new byte[100].AsMemory(), Cancellation);
        Assert.That((result.MessageType, socket.CloseStatus), Is.EqualTo((WebSocketMessageType.Close, (WebSocketCloseStatus?)WebSocketCloseStatus.PolicyViolation)));
    }

    [Test]
    public async Task A_client_that_does_not_offer_the_sub_protocol_is_refused()
    {
        using var socket = new ClientWebSocket();
        await Assert.ThatAsync(() => socket.ConnectAsync(new Uri($"{Server.Ws}/topics"), Cancellation), Throws.TypeOf<WebSocketException>());
    }

    [Test]
    public async Task Twenty_thousand_messages_arrive_once_and_in_order_over_fifty_forced_drops()
    {
        const int Count = 20_000;
        string topic = $"s.{Guid.NewGuid():N}";
        using ClientWebSocket publisher = await OpenAsync();
        // The publisher is never further ahead than half of the history that the topic keeps: what is asked for is always there.
        using var ahead = new SemaphoreSlim(5_000);
        string? after = null;
        Task? publishing = null;
        int next = 0;
        int drops = 0;
        while (next < Count)
        {
            using ClientWebSocket reader = await OpenAsync();
            await SendAsync(reader, after is null
                ? $"{{\"type\":\"subscribe\",\"id\":1,\"topic\":\"{topic}\",\"after\":null}}"
                : $"{{\"type\":\"subscribe\",\"id\":1,\"topic\":\"{topic}\",\"after\":\"{after}\"}}");
            string first = await ReceiveAsync(reader);
            Assert.That(first, Does.Contain("\"subscribed\"").And.Not.Contain("\"lost\""));
            after ??= Field(first, "position");

            // Not before the first subscription: what is published earlier is not this reader's, and there would be fewer drops.
            publishing ??= PublishAsync(publisher, topic, Count, ahead);
            int until = drops < 50 ? Math.Min(Count, next + 300) : Count;
            while (next < until)
            {
                string message = await ReceiveAsync(reader);
                Assert.That(Field(message, "text"), Is.EqualTo($"{next++}"), message);
                after = Field(message, "position");
                ahead.Release();
            }

            if (next < Count)
            {
                drops++;
                reader.Abort();
            }
        }

        await publishing!;
        Assert.That(drops, Is.EqualTo(50));
    }

    [GeneratedRegex("e[0-9]+-")]
    private static partial Regex Epoch();

    [GeneratedRegex("(?<=\")([0-9a-f]{6,})-(?=[0-9]+\")")]
    private static partial Regex Position();

    private static string Name(Dictionary<string, string> epochs, string real)
    {
        foreach ((string name, string known) in epochs)
        {
            if (known == real)
            {
                return name[..^1];
            }
        }

        epochs[$"e{epochs.Count + 1}-"] = real;
        return $"e{epochs.Count}";
    }

    private static byte[] Bytes(string field, Dictionary<string, byte[]> names)
        => field[0] == '"' ? Encoding.UTF8.GetBytes(field.Trim('"')) : names.TryGetValue(field, out byte[]? known) ? known : Convert.FromHexString(field);

    private static string Field(string json, string name) => json.Split($"\"{name}\":\"")[1].Split('"')[0];

    private static async Task PublishAsync(ClientWebSocket socket, string topic, int count, SemaphoreSlim ahead)
    {
        for (int i = 0; i < count; i++)
        {
            await ahead.WaitAsync(Cancellation);
            await SendAsync(socket, $"{{\"type\":\"publish\",\"topic\":\"{topic}\",\"text\":\"{i}\"}}");
            if (i % 50 == 49)
            {
                for (int answer = 0; answer < 50; answer++)
                {
                    Assert.That(await ReceiveAsync(socket), Does.Contain("\"published\""));
                }
            }
        }
    }

    private static async Task SendAsync(ClientWebSocket socket, string text)
        => await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, Cancellation);

    private static async Task<string> ReceiveAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[16_384];
        ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
        Assert.That((result.MessageType, result.EndOfMessage), Is.EqualTo((WebSocketMessageType.Text, true)));
        return Encoding.UTF8.GetString(buffer, 0, result.Count);
    }

    private async Task<ClientWebSocket> OpenAsync(string subProtocol = "topics.v1")
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(subProtocol);
        await socket.ConnectAsync(new Uri($"{Server.Ws}/topics"), Cancellation);
        Assert.That(socket.SubProtocol, Is.EqualTo(subProtocol));
        return socket;
    }
}
