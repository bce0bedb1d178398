using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>What a close frame says: the peer's, and the answer to it.</summary>
/// <param name="Code">The code; 1005 (<see cref="WebSocketCloseStatus.Empty"/>) stands for a close frame without one.</param>
/// <param name="Reason">At most 123 bytes of UTF-8; empty for none.</param>
public readonly record struct WebSocketCloseAnswer(WebSocketCloseStatus Code, string Reason = "");
