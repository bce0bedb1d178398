using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Engine;
using Engine.Http1;
using Engine.WebSockets;

namespace Dialects;

/// <summary>
/// MQTT over WebSocket in front of a broker that speaks it over TCP. The bridge understands no packet: bytes pass on as they come, in messages of any size, as
/// MQTT 5.0 section 6 asks. A side that does not read holds the other up, and nobody else.
/// </summary>
internal sealed class MqttBridge(EndPoint broker) : IAsyncDisposable
{
    private static readonly ConnectOptions Patience = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly EngineClient _client = new();

    public void Map(HttpServer server)
    {
        var options = new WebSocketEndpointOptions { RequireSubProtocol = true };
        options.SubProtocols.Add("mqtt");
        server.MapWebSocket("/mqtt", ServeAsync, options);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private async Task ServeAsync(WebSocketConnection socket, CancellationToken cancellationToken)
    {
        var start = new Start();
        Connection connection;
        try
        {
            connection = await _client.ConnectAsync(broker, _ => start, Patience, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException)
        {
            socket.Close(1013, "The broker is away.");
            return;
        }

        try
        {
            Task down = FromBrokerAsync(start.Pipe!.Input, socket, cancellationToken);
            await ToBrokerAsync(socket, start.Pipe.Output, cancellationToken);
            await down;
        }
        finally
        {
            connection.Close();
        }
    }

    private static async Task ToBrokerAsync(WebSocketConnection socket, PipeWriter to, CancellationToken cancellationToken)
    {
        await foreach (ReceivedMessage message in socket.ReadAllAsync(cancellationToken))
        {
            if (message.IsText)
            {
                socket.Close(WebSocketCloseStatus.InvalidMessageType, "MQTT is binary.");
                break;
            }

            FlushResult flushed = await to.WriteAsync(message.Data, cancellationToken);
            if (flushed.IsCompleted)
            {
                break;
            }
        }

        await to.CompleteAsync();
    }

    /// <summary>Ends with the broker's end, which ends the WebSocket too.</summary>
    private static async Task FromBrokerAsync(PipeReader from, WebSocketConnection socket, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                ReadResult read = await from.ReadAsync(cancellationToken);
                foreach (ReadOnlyMemory<byte> part in read.Buffer)
                {
                    await socket.SendBinaryAsync(part, cancellationToken: cancellationToken);
                }

                from.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    socket.Close();
                    break;
                }
            }
        }
        catch (IOException)
        {
            socket.Close(WebSocketCloseStatus.EndpointUnavailable, "The broker is gone.");
        }
        finally
        {
            await from.CompleteAsync();
        }
    }

    /// <summary>Takes the connection's pipes on its loop, before the dial is answered.</summary>
    private sealed class Start : ConnectionProtocol
    {
        public IDuplexPipe? Pipe { get; private set; }

        protected override void OnStarted(Connection connection) => Pipe = connection.AsDuplexPipe();

        protected override int OnReceived(Connection connection, Span<byte> bytes) => 0;
    }
}
