using System.Net.Sockets;
using System.Net.WebSockets;

namespace Game;

/// <summary>A player by the runtime's own client, whose line carries few bytes a second.</summary>
internal sealed class SlowReader(int bytesPerSecond)
{
    public StateAge Ages { get; } = new();

    public long Bytes { get; private set; }

    public async Task PlayAsync(Uri target, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = async (context, token) => new SlowStream(await OpenAsync(context, token), bytesPerSecond) };
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        byte[] buffer = new byte[8_192];
        byte[] input = Input.Create();
        try
        {
            await socket.ConnectAsync(target, invoker, cancellationToken);
            while (true)
            {
                int length = 0;
                ValueWebSocketReceiveResult received;
                do
                {
                    received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                    length += received.Count;
                }
                while (!received.EndOfMessage);

                Bytes += length;
                if (received.MessageType == WebSocketMessageType.Binary && Ages.Take(buffer.AsSpan(0, length)) && Input.Fill(input, Ages.Tick, Ages.Samples.Count % 10 == 0))
                {
                    await socket.SendAsync(input, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException && cancellationToken.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    private static async Task<NetworkStream> OpenAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
