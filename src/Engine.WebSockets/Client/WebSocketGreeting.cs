using System.Text;

namespace Engine.WebSockets;

/// <summary>The messages that a connection begins with, before anything that waits in the outbox: where a client subscribes again. Valid during the call only.</summary>
public sealed class WebSocketGreeting
{
    internal WebSocketGreeting(bool isReconnect, string? subProtocol)
    {
        IsReconnect = isReconnect;
        SubProtocol = subProtocol;
    }

    /// <summary>Whether an earlier connection was lost.</summary>
    public bool IsReconnect { get; }

    /// <summary>The subprotocol that was agreed on; null when none was.</summary>
    public string? SubProtocol { get; }

    internal Queue<ClientMessage> Messages { get; } = new();

    /// <summary>Adds a text message.</summary>
    public void AddText(string text) => Messages.Enqueue(ClientMessage.Copy(FrameOpcode.Text, Encoding.UTF8.GetBytes(text)));

    /// <summary>Adds a binary message.</summary>
    public void AddBinary(ReadOnlySpan<byte> bytes) => Messages.Enqueue(ClientMessage.Copy(FrameOpcode.Binary, bytes));
}
