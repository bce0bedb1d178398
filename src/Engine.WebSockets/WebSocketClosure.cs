using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>How a WebSocket ended, told once.</summary>
/// <param name="Code">
/// The peer's close code when it sent one; 1005 (<see cref="WebSocketCloseStatus.Empty"/>) when its close frame had none; the code that this side sent when
/// it failed the connection; 1006 when the connection ended without the peer's close frame.
/// </param>
/// <param name="Reason">The reason that came with the code; empty when there was none.</param>
/// <param name="IsClean">Whether both sides sent a close frame.</param>
/// <param name="Transport">Why the connection beneath ended.</param>
public readonly record struct WebSocketClosure(WebSocketCloseStatus Code, string Reason, bool IsClean, CloseReason Transport);
