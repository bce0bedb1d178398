using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>A WebSocket server that does what a test tells it, byte by byte.</summary>
internal sealed class HandServer : IDisposable
{
    private readonly TcpListener _listener;

    public HandServer(IPAddress? address = null, int receiveBufferBytes = 0)
    {
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        if (receiveBufferBytes > 0)
        {
            _listener.Server.ReceiveBufferSize = receiveBufferBytes;
        }

        _listener.Start();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public Uri Uri => new($"ws://{EndPoint}/");

    public ValueTask<Socket> AcceptSocketAsync(CancellationToken cancellation) => _listener.AcceptSocketAsync(cancellation);

    /// <summary>Takes the next connection through its handshake.</summary>
    public async Task<Stream> AcceptAsync(CancellationToken cancellation, string moreHeaders = "", string before = "")
    {
        var peer = new NetworkStream(await AcceptSocketAsync(cancellation), ownsSocket: true);
        await AnswerAsync(peer, await ReadHeadAsync(peer, cancellation), cancellation, moreHeaders, before);
        return peer;
    }

    public static async Task AnswerAsync(Stream peer, string head, CancellationToken cancellation, string moreHeaders = "", string before = "")
    {
        string key = head.Split("Sec-WebSocket-Key: ")[1].Split("\r\n")[0];
        string answer = $"{before}HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {AcceptKey.Compute(key)}\r\n{moreHeaders}\r\n";
        await peer.WriteAsync(Encoding.Latin1.GetBytes(answer), cancellation);
    }

    public static async Task<string> ReadHeadAsync(Stream peer, CancellationToken cancellation)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await peer.ReadExactlyAsync(one, cancellation);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    /// <summary>The next frame of a client: its first byte, and its payload without the mask.</summary>
    public static async Task<(byte First, byte[] Payload)> ReadFrameAsync(Stream peer, CancellationToken cancellation)
    {
        byte[] header = new byte[2];
        await peer.ReadExactlyAsync(header, cancellation);
        Assert.That(header[1] & 0x80, Is.Not.Zero, "clients mask");
        int length = header[1] & 0x7F;
        if (length >= 126)
        {
            byte[] more = new byte[length == 126 ? 2 : 8];
            await peer.ReadExactlyAsync(more, cancellation);
            length = (int)more.Aggregate(0L, (sum, digit) => (sum << 8) | digit);
        }

        byte[] mask = new byte[4];
        await peer.ReadExactlyAsync(mask, cancellation);
        byte[] payload = new byte[length];
        await peer.ReadExactlyAsync(payload, cancellation);
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] ^= mask[i & 3];
        }

        return (header[0], payload);
    }

    public void Dispose() => _listener.Dispose();
}
