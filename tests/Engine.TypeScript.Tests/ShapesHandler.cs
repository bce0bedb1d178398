using System.Text.Json.Serialization.Metadata;
using Engine.WebSockets;

namespace Engine.TypeScript.Tests;

/// <summary>Gives every message back as it understood it. Before that it sends each shape itself.</summary>
[MessageHandler(Address = "/shapes", Sends = [typeof(Scalars), typeof(Gaps), typeof(Nested), typeof(Empty)])]
internal sealed partial class ShapesHandler : WebSocketHandler<object>
{
    public override ValueTask OnMessage(WebSocketConnection<object> socket, WebSocketMessage message)
    {
        MessageDispatch result = Dispatch(socket, message.Data, out ValueTask handled);
        if (result != MessageDispatch.Handled)
        {
            socket.TrySendText($"\"{result}\"");
        }

        return handled;
    }

    private static ValueTask OnScalars(WebSocketConnection<object> socket, Scalars message) => BackAsync(socket, message, ContractJson.Scalars);

    private static async Task OnGapsAsync(WebSocketConnection<object> socket, Gaps message) => await BackAsync(socket, message, ContractJson.Gaps);

    private static ValueTask OnNested(WebSocketConnection<object> socket, Nested message) => BackAsync(socket, message, ContractJson.Nested);

    private static void OnEmpty(WebSocketConnection<object> socket, Empty message) => socket.TrySendJson(message, ContractJson.Empty);

    private static async ValueTask BackAsync<T>(WebSocketConnection socket, T message, JsonTypeInfo<T> type) => await socket.SendJsonAsync(message, type);
}
