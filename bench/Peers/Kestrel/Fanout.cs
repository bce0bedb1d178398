using System.Net.WebSockets;
using TestServer;

namespace KestrelPeer;

/// <summary>
/// WebSockets of /fanout?interval=MS&amp;size=BYTES&amp;burst=MESSAGES&amp;topics=N, as TestServer has them, by hand: a list of sockets for each topic, one send for
/// each socket, and the next message when all have sent.
/// </summary>
internal sealed class Fanout
{
    private readonly Lock _lock = new();
    private readonly List<Task> _writes = [];
    private readonly Ticker _ticker;
    private List<WebSocket>[] _topics = [];
    private int _count;

    public Fanout() => _ticker = new Ticker("fanout", Send);

    public async Task RunAsync(HttpContext context)
    {
        bool isCompressed = context.Request.Query.ContainsKey("deflate");
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { DangerousEnableCompression = isCompressed, DisableServerContextTakeover = true });
        List<WebSocket> sockets;
        lock (_lock)
        {
            if (_topics.Length == 0)
            {
                _topics = [.. Enumerable.Range(0, Ticker.Number(name => context.Request.Query[name], "topics", 1)).Select(static _ => new List<WebSocket>())];
            }

            sockets = _topics[_count++ % _topics.Length];
            sockets.Add(socket);
        }

        _ticker.Start(name => context.Request.Query[name]);
        try
        {
            await socket.ReceiveAsync(new byte[16], CancellationToken.None);
        }
        catch (WebSocketException)
        {
            // It ended without a close frame.
        }

        lock (_lock)
        {
            sockets.Remove(socket);
        }
    }

    private void Send(byte[] data)
    {
        lock (_lock)
        {
            foreach (WebSocket socket in _topics.SelectMany(static sockets => sockets))
            {
                ValueTask writing = socket.SendAsync(data.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                if (!writing.IsCompletedSuccessfully)
                {
                    _writes.Add(writing.AsTask());
                }
            }
        }

        Writes.Await(_writes);
    }
}
