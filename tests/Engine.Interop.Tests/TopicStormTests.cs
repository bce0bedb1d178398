using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Engine.PubSub;
using Engine.Sse;
using Engine.WebSockets;

namespace Engine.Interop.Tests;

/// <summary>
/// Listeners of both wires that stall, break off and come back at random while one topic with a short history is published to: each sees the topic's sequence, without a
/// hole that it was not told of and without anything twice.
/// </summary>
public sealed class TopicStormTests(TransportKind transport) : InProcess(transport)
{
    private const int ListenersOfEach = 6;
    private const int MessageCount = 4_000;
    private const int History = 40;
    private const int MessageBytes = 2_000;
    private const string Topic = "s.storm";

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Each_listener_sees_the_sequence_without_an_untold_hole_or_a_duplicate([Values(1, 2)] int seed)
    {
        using var hub = new TopicHub(new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = History, MaxBytes = 64 << 20 } });
        await StartAsync(server => server
            .MapTopicProtocol("/ws", hub)
            .MapSseTopics("/events", hub, new SseTopicOptions { Stream = new SseOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(1) } }));
        Listener[] listeners =
        [
            .. Enumerable.Range(0, ListenersOfEach).Select(number => new SocketListener(new Uri($"ws://{EndPoint}/ws"), new Random(seed + (number * 1000)))),
            .. Enumerable.Range(0, ListenersOfEach).Select(number => new EventListener(new Uri($"http://{EndPoint}/events?topic={Topic}"), new Random(seed + (number * 1000) + 500))),
        ];
        foreach (Listener listener in listeners)
        {
            await listener.OpenAsync();
        }

        Task publishing = PublishAsync(hub);
        await Task.WhenAll(listeners.Select(static listener => listener.ListenAsync()));
        await publishing;
        TestContext.Out.WriteLine(string.Join('\n', listeners.Select(static listener => listener.ToString())));

        // Enough happened for the promise to mean something.
        Assert.That(listeners.Sum(static listener => listener.Drops), Is.GreaterThan(10));
        Assert.That(listeners.Sum(static listener => listener.Losses), Is.GreaterThan(0));
        Assert.That(listeners.Sum(static listener => listener.Seen), Is.GreaterThan(MessageCount));
    }

    private static async Task PublishAsync(TopicHub hub)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        string filler = new('x', MessageBytes);
        for (int number = 1; number <= MessageCount; number++)
        {
            hub.Publish(Topic, string.Create(CultureInfo.InvariantCulture, $"{number} {filler}"));
            if (number % 4 == 0)
            {
                await pace.WaitForNextTickAsync(Cancellation);
            }
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        // A small window, so that a listener that stalls is felt by the server.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(host, port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Knows what it must see next, and checks it.</summary>
    private abstract class Listener(Random random) : IDisposable
    {
        private bool _mayMiss;

        public int Drops { get; private set; }

        public int Losses { get; private set; }

        public int Seen { get; private set; }

        /// <summary>The number of the last message; a message's number is its offset.</summary>
        protected ulong? Last { get; set; }

        private ulong Known => Last ?? throw new InvalidOperationException("It knows no position.");

        public abstract Task OpenAsync();

        public async Task ListenAsync()
        {
            while (Last < MessageCount)
            {
                switch (random.Next(400))
                {
                    case 0:
                        Drop();
                        Drops++;
                        await OpenAsync();
                        break;
                    case 1:
                        // It reads nothing for a while: what comes meanwhile is more than its queue takes and the topic keeps.
                        await Task.Delay(random.Next(300), Cancellation);
                        break;
                    default:
                        await ReadAsync();
                        break;
                }
            }

            Dispose();
        }

        public override string ToString() => $"{GetType().Name}: {Seen} seen, {Drops} drops, {Losses} told losses";

        /// <summary>Reads one thing of the stream, whatever it is.</summary>
        protected abstract Task ReadAsync();

        protected abstract void Drop();

        public void Dispose() => Drop();

        protected void OnMessage(ulong offset, string text)
        {
            Assert.That(text.Split(' ')[0], Is.EqualTo(offset.ToString(CultureInfo.InvariantCulture)), "the message of that offset");
            Assert.That(text, Has.Length.EqualTo(text.Split(' ')[0].Length + 1 + MessageBytes));
            Assert.That(offset, _mayMiss ? Is.GreaterThan(Known) : Is.EqualTo(Known + 1), $"{this}");
            _mayMiss = false;
            Last = offset;
            Seen++;
        }

        /// <summary>It is told that messages are missing, up to one that is known or not.</summary>
        protected void OnLoss(ulong? to)
        {
            Losses++;
            _mayMiss = to is null;
            if (to is { } known)
            {
                Assert.That(known, Is.GreaterThan(Known));
                Last = known;
            }
        }
    }

    private sealed class SocketListener(Uri address, Random random) : Listener(random)
    {
        private readonly byte[] _buffer = new byte[8192];
        private ClientWebSocket? _socket;
        private string? _position;

        public override async Task OpenAsync()
        {
            _socket = new ClientWebSocket();
            _socket.Options.AddSubProtocol("topics.v1");
            using var handler = new SocketsHttpHandler { ConnectCallback = static (context, cancellationToken) => ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken) };
            using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
            await _socket.ConnectAsync(address, invoker, Cancellation);
            string command = JsonSerializer.Serialize(new Dictionary<string, string?> { ["type"] = "subscribe", ["topic"] = Topic, ["after"] = _position });
            await _socket.SendAsync(Encoding.UTF8.GetBytes(command), WebSocketMessageType.Text, endOfMessage: true, Cancellation);
            await ReadAsync();
        }

        protected override async Task ReadAsync()
        {
            int length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await _socket!.ReceiveAsync(_buffer.AsMemory(length), Cancellation);
                Assert.That(part.MessageType, Is.EqualTo(WebSocketMessageType.Text));
                length += part.Count;
            }
            while (!part.EndOfMessage);
            using var message = JsonDocument.Parse(_buffer.AsMemory(0, length));
            JsonElement root = message.RootElement;
            switch (root.GetProperty("type").GetString())
            {
                case "subscribed":
                    _position ??= root.GetProperty("position").GetString();
                    Last ??= OffsetOf(_position!);
                    if (root.GetProperty("status").GetString() == "lost")
                    {
                        OnLoss(to: null);
                    }

                    break;
                case "gap":
                    _position = root.GetProperty("to").GetString()!;
                    OnLoss(OffsetOf(_position));
                    break;
                default:
                    _position = root.GetProperty("position").GetString()!;
                    OnMessage(OffsetOf(_position), root.GetProperty("text").GetString()!);
                    break;
            }
        }

        protected override void Drop()
        {
            _socket!.Abort();
            _socket.Dispose();
        }

        private static ulong OffsetOf(string position) => ulong.Parse(position.Split('-')[1], CultureInfo.InvariantCulture);
    }

    private sealed class EventListener(Uri address, Random random) : Listener(random)
    {
        private StreamReader? _reader;
        private string _id = "";

        public override async Task OpenAsync()
        {
            Stream stream = await ConnectAsync(address.Host, address.Port, Cancellation);
            string last = _id.Length == 0 ? "" : $"Last-Event-ID: {_id}\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {address.PathAndQuery} HTTP/1.0\r\nHost: x\r\n{last}\r\n"), Cancellation);
            _reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: 4096);
            Assert.That(await _reader.ReadLineAsync(Cancellation), Does.Contain(" 200 "));
            while (await _reader.ReadLineAsync(Cancellation) is { Length: > 0 })
            {
                // The rest of the head.
            }

            do
            {
                // It begins with where it stands.
                await ReadAsync();
            }
            while (_id.Length == 0);
        }

        protected override async Task ReadAsync()
        {
            string data = "", type = "", id = _id;
            string? line;
            while ((line = await _reader!.ReadLineAsync(Cancellation)) is { Length: > 0 })
            {
                string value = line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..];
                switch (line.Split(':')[0])
                {
                    case "data":
                        data = value;
                        break;
                    case "event":
                        type = value;
                        break;
                    case "id":
                        id = value;
                        break;
                }
            }

            Assert.That(line, Is.Not.Null, "the stream does not end by itself");
            _id = id;
            ulong offset = id.Length == 0 ? 0 : ulong.Parse(id.Split('-')[1], CultureInfo.InvariantCulture);
            if (type == "gap")
            {
                using var gap = JsonDocument.Parse(data);
                OnLoss(ulong.Parse(gap.RootElement.GetProperty("to").GetString()!.Split('-')[1], CultureInfo.InvariantCulture));
            }
            else if (data.Length > 0)
            {
                OnMessage(offset, data);
            }
            else
            {
                Last ??= offset;
            }
        }

        protected override void Drop() => _reader!.Dispose();
    }
}
