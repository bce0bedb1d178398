using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine.Sse.Tests;

/// <summary>One event as a browser sees it.</summary>
/// <param name="Id">The last id so far.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Data">Its data.</param>
internal readonly record struct SeenEvent(string Id, string Type, string Data);

/// <summary>Reads a stream of events by hand, as HTTP/1.0, and remembers the last id by the rules of a browser: also of blocks without data.</summary>
internal sealed class TopicReader : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[16_384];
    private string _text = "";
    private string _id = "";

    /// <summary>What a browser would give back.</summary>
    public string LastId { get; private set; } = "";

    public string Head { get; private set; } = "";

    public bool HasEnded { get; private set; }

    public static async Task<TopicReader> OpenAsync(EndPoint server, string path, CancellationToken cancellationToken, string? lastId = null, string version = "1.0", int? receiveBufferBytes = null)
    {
        var reader = new TopicReader { LastId = lastId ?? "", _id = lastId ?? "" };
        if (receiveBufferBytes is { } bytes)
        {
            reader._socket.ReceiveBufferSize = bytes;
        }

        await reader._socket.ConnectAsync(server, cancellationToken);
        string field = lastId is null ? "" : $"Last-Event-ID: {lastId}\r\n";
        await reader._socket.SendAsync(Encoding.UTF8.GetBytes($"GET {path} HTTP/{version}\r\nHost: x\r\n{field}\r\n"), cancellationToken);
        while (!reader._text.Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            Assert.That(await reader.FillAsync(cancellationToken), Is.True, "an answer");
        }

        int end = reader._text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        reader.Head = reader._text[..end];
        reader._text = reader._text[(end + 4)..];
        return reader;
    }

    /// <summary>The next event that a browser would raise; null at the end.</summary>
    public async Task<SeenEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int end = _text.IndexOf("\n\n", StringComparison.Ordinal);
            if (end < 0)
            {
                if (!await FillAsync(cancellationToken))
                {
                    return null;
                }

                continue;
            }

            string block = _text[..end];
            _text = _text[(end + 2)..];
            if (Take(block) is { } seen)
            {
                return seen;
            }
        }
    }

    public async Task<List<SeenEvent>> ReadAsync(int count, CancellationToken cancellationToken)
    {
        List<SeenEvent> events = [];
        while (events.Count < count && await ReadAsync(cancellationToken) is { } seen)
        {
            events.Add(seen);
        }

        return events;
    }

    /// <summary>Reads until the last id has this form, which blocks without data set too.</summary>
    public async Task UntilIdAsync(Func<string, bool> isIt, CancellationToken cancellationToken)
    {
        while (!isIt(LastId))
        {
            int end = _text.IndexOf("\n\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                Take(_text[..end]);
                _text = _text[(end + 2)..];
            }
            else if (!await FillAsync(cancellationToken))
            {
                Assert.Fail($"the stream ended with the id {LastId}");
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private SeenEvent? Take(string block)
    {
        string type = "message";
        List<string> data = [];
        foreach (string line in block.Split('\n'))
        {
            int colon = line.IndexOf(": ", StringComparison.Ordinal);
            string field = colon < 0 ? line : line[..colon];
            string value = colon < 0 ? "" : line[(colon + 2)..];
            switch (field)
            {
                case "id":
                    _id = value;
                    break;
                case "event":
                    type = value;
                    break;
                case "data":
                    data.Add(value);
                    break;
            }
        }

        LastId = _id;
        return data.Count == 0 ? null : new SeenEvent(_id, type, string.Join('\n', data));
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        int count;
        try
        {
            count = await _socket.ReceiveAsync(_buffer, cancellationToken);
        }
        catch (SocketException)
        {
            count = 0;
        }

        HasEnded |= count == 0;
        _text += Encoding.UTF8.GetString(_buffer, 0, count);
        return count > 0;
    }
}
