using Engine;
using Engine.WebSockets;

namespace Game;

/// <summary>A player that goes straight on and turns every other second, and acknowledges each tick as the page does.</summary>
internal sealed class Bot
{
    private const int TicksOnOneWay = 60;

    public StateAge Ages { get; } = new();

    public long Frames { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>What the server last said of itself.</summary>
    public string? Figures { get; private set; }

    public async Task PlayAsync(Uri target, EngineClient engine, CancellationToken cancellationToken)
    {
        WebSocketConnection socket = await WebSocketClient.OpenAsync(target, new WebSocketClientOptions { Engine = engine }, cancellationToken);
        byte[] input = Input.Create();
        try
        {
            await foreach (ReceivedMessage message in socket.ReadAllAsync(cancellationToken))
            {
                if (message.IsText)
                {
                    Figures = message.GetText();
                    continue;
                }

                Frames++;
                Bytes += message.Data.Length;
                if (Ages.Take(message.Data.Span) && Input.Fill(input, Ages.Tick, Ages.Tick % TicksOnOneWay == 0))
                {
                    socket.TrySendBinary(input);
                }
            }
        }
        catch (OperationCanceledException)
        {
            socket.Close();
        }
    }
}
