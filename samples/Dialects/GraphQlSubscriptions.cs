using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Engine;
using Engine.Http1;
using Engine.WebSockets;

namespace Dialects;

/// <summary>
/// The sub-protocol graphql-transport-ws, with two fields instead of a schema: <c>query { hello }</c> and <c>subscription { countdown(from: 3) }</c>. One function
/// reads; every operation runs beside it on the connection's loop, so nothing here needs a lock.
/// </summary>
internal static partial class GraphQlSubscriptions
{
    public static void Map(HttpServer server)
    {
        var options = new WebSocketEndpointOptions { RequireSubProtocol = true };
        options.SubProtocols.Add("graphql-transport-ws");
        server.MapWebSocket("/graphql", ServeAsync, options);
    }

    private static async Task ServeAsync(WebSocketConnection socket, CancellationToken cancellationToken)
    {
        var running = new Dictionary<string, CancellationTokenSource>();
        bool isAcknowledged = false;
        await foreach (ReceivedMessage received in socket.ReadAllAsync(cancellationToken))
        {
            JsonObject message = received.ReadJson(GraphQlJson.Default.JsonObject) ?? [];
            string id = (string?)message["id"] ?? "";
            switch ((string?)message["type"])
            {
                case "connection_init" when isAcknowledged:
                    socket.Close(4429, "Too many initialisation requests");
                    return;
                case "connection_init":
                    isAcknowledged = true;
                    await SendAsync(socket, "connection_ack");
                    break;
                case "ping":
                    await SendAsync(socket, "pong");
                    break;
                case "pong":
                    break;
                case "subscribe" when !isAcknowledged:
                    socket.Close(4401, "Unauthorized");
                    return;
                case "subscribe" when running.ContainsKey(id):
                    socket.Close(4409, $"Subscriber for {id} already exists");
                    return;
                case "subscribe":
                    running[id] = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    _ = RunAsync(socket, id, (string?)message["payload"]?["query"] ?? "", running);
                    break;
                case "complete":
                    if (running.Remove(id, out CancellationTokenSource? cancelled))
                    {
                        await cancelled.CancelAsync();
                    }

                    break;
                default:
                    socket.Close(4400, "Invalid message");
                    return;
            }
        }
    }

    private static async Task RunAsync(WebSocketConnection socket, string id, string query, Dictionary<string, CancellationTokenSource> running)
    {
        CancellationToken cancelled = running[id].Token;
        try
        {
            if (CountdownField().Match(query) is { Success: true } countdown)
            {
                for (int i = int.Parse(countdown.Groups[1].ValueSpan, CultureInfo.InvariantCulture); i > 0; i--)
                {
                    await SendAsync(socket, "next", id, new JsonObject { ["data"] = new JsonObject { ["countdown"] = i } });
                    await Task.Delay(10, cancelled);
                }
            }
            else if (query.Contains("hello", StringComparison.Ordinal))
            {
                await SendAsync(socket, "next", id, new JsonObject { ["data"] = new JsonObject { ["hello"] = "world" } });
            }
            else
            {
                await SendAsync(socket, "error", id, new JsonArray(new JsonObject { ["message"] = "There is no such field." }));
                return;
            }

            await SendAsync(socket, "complete", id);
        }
        catch (OperationCanceledException)
        {
            // The client has completed the operation, or left.
        }
        finally
        {
            running.Remove(id);
        }
    }

    private static ValueTask<SendStatus> SendAsync(WebSocketConnection socket, string type, string? id = null, JsonNode? payload = null)
    {
        var message = new JsonObject { ["type"] = type };
        if (id is not null)
        {
            message["id"] = id;
        }

        if (payload is not null)
        {
            message["payload"] = payload;
        }

        return socket.SendJsonAsync(message, GraphQlJson.Default.JsonObject);
    }

    [GeneratedRegex(@"countdown\s*\(\s*from\s*:\s*(\d{1,6})\s*\)")]
    private static partial Regex CountdownField();
}

[JsonSerializable(typeof(JsonObject))]
internal sealed partial class GraphQlJson : JsonSerializerContext;
