using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Engine.Http1;
using Engine.Sse;

namespace Dialects;

/// <summary>
/// A Model Context Protocol server over streamable HTTP, with two tools: "add" answers with JSON, "countdown" with a stream of events. The events of a call go
/// through a channel of a hub, so they carry ids and are kept: a client whose stream was cut comes back by GET with its last id, and gets the rest.
/// </summary>
internal sealed class McpTools : IDisposable
{
    private readonly SseHub<string> _hub = new();
    private readonly ConcurrentDictionary<string, McpSession> _sessions = new();

    public void Map(HttpServer server) => server
        .MapPost("/mcp", PostAsync)
        .Map("DELETE", "/mcp", EndSession)
        .MapSseHub("/mcp", _hub, Listen);

    public void Dispose() => _hub.Dispose();

    private async ValueTask PostAsync(HttpContext context)
    {
        JsonObject? message = await context.Request.ReadJsonAsync(McpJson.Default.JsonObject);
        string? method = (string?)message?["method"];
        JsonNode? id = message?["id"];
        if (method == "initialize" && id is not null)
        {
            string name = Guid.NewGuid().ToString("N");
            _sessions[name] = new McpSession(name);
            context.Response.Headers.Set("Mcp-Session-Id", name);
            await AnswerAsync(context, id, new JsonObject
            {
                ["protocolVersion"] = message!["params"]!["protocolVersion"]!.DeepClone(),
                ["capabilities"] = new JsonObject { ["tools"] = new JsonObject() },
                ["serverInfo"] = new JsonObject { ["name"] = "dialects", ["version"] = "1.0.0" },
            });
        }
        else if (SessionOf(context) is not { } session)
        {
            context.Response.StatusCode = 404;
        }
        else if (id is null || method is null)
        {
            // A notification, or the answer to a question that this server never asks.
            context.Response.StatusCode = 202;
        }
        else if (method == "tools/list")
        {
            await AnswerAsync(context, id, new JsonObject { ["tools"] = new JsonArray(Tool("add", "a", "b"), Tool("countdown", "from")) });
        }
        else if (method == "tools/call" && (string?)message!["params"]?["name"] == "add")
        {
            JsonNode given = message["params"]!["arguments"]!;
            await AnswerAsync(context, id, Text($"{(double)given["a"]! + (double)given["b"]!}"));
        }
        else if (method == "tools/call" && (string?)message!["params"]?["name"] == "countdown")
        {
            await CountdownAsync(context, session, id, message["params"]!);
        }
        else
        {
            await AnswerAsync(context, id, method == "ping" ? new JsonObject() : null);
        }
    }

    private async Task CountdownAsync(HttpContext context, McpSession session, JsonNode id, JsonNode parameters)
    {
        string channel = $"{session.Name}/{id.ToJsonString()}";
        int from = (int)parameters["arguments"]!["from"]!;
        SseStream stream = await context.StartSseAsync(new SseOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(100) });
        session.OpenCalls[channel] = true;
        await _hub.AttachAsync(stream, new SseTicket<string>(Guid.NewGuid().ToString("N"), session.Name, channel));
        Task counting = CountAsync(channel, id, from, parameters["_meta"]?["progressToken"]);

        // "cut" ends the stream after its first event, as a network would: the work goes on, and the client asks for the rest.
        await Task.WhenAny(counting, Task.Delay(parameters["arguments"]!["cut"] is null ? Timeout.Infinite : 50, stream.Closed));
        if (counting.IsCompletedSuccessfully && stream.IsOpen)
        {
            session.OpenCalls.TryRemove(channel, out _);
        }
    }

    private async Task CountAsync(string channel, JsonNode id, int from, JsonNode? token)
    {
        for (int i = 1; i <= from; i++)
        {
            if (token is not null)
            {
                Publish(channel, new JsonObject
                {
                    ["method"] = "notifications/progress",
                    ["params"] = new JsonObject { ["progressToken"] = token.DeepClone(), ["progress"] = i, ["total"] = from },
                });
            }

            await Task.Delay(30);
        }

        Publish(channel, new JsonObject { ["id"] = id.DeepClone(), ["result"] = Text("lift-off") });
    }

    private void Publish(string channel, JsonObject message)
    {
        message["jsonrpc"] = "2.0";
        _hub.Publish(channel, SseEvent.FromJson(message, McpJson.Default.JsonObject));
    }

    /// <summary>GET: what the server has to say by itself, and the rest of calls whose streams were cut.</summary>
    private ValueTask<SseTicket<string>?> Listen(HttpContext context)
    {
        if (SessionOf(context) is not { } session)
        {
            context.Response.StatusCode = 404;
            return ValueTask.FromResult<SseTicket<string>?>(null);
        }

        bool comesBack = context.Request.Headers.Contains("Last-Event-ID");
        string[] channels = comesBack ? [session.Name, .. session.OpenCalls.Keys] : [session.Name];
        return ValueTask.FromResult<SseTicket<string>?>(new SseTicket<string>(Guid.NewGuid().ToString("N"), session.Name, channels));
    }

    private ValueTask EndSession(HttpContext context)
    {
        context.Response.StatusCode = context.Request.Headers["Mcp-Session-Id"] is { } name && _sessions.TryRemove(name, out _) ? 204 : 404;
        return ValueTask.CompletedTask;
    }

    private McpSession? SessionOf(HttpContext context)
        => context.Request.Headers["Mcp-Session-Id"] is { } name && _sessions.TryGetValue(name, out McpSession? session) ? session : null;

    private static ValueTask AnswerAsync(HttpContext context, JsonNode id, JsonObject? result)
    {
        var answer = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id.DeepClone() };
        answer[result is null ? "error" : "result"] = result ?? new JsonObject { ["code"] = -32601, ["message"] = "There is no such method." };
        return context.Response.WriteJsonAsync(answer, McpJson.Default.JsonObject);
    }

    private static JsonObject Text(string text)
        => new() { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) };

    private static JsonObject Tool(string name, params string[] numbers)
    {
        var properties = new JsonObject();
        foreach (string number in numbers)
        {
            properties[number] = new JsonObject { ["type"] = "number" };
        }

        return new JsonObject { ["name"] = name, ["inputSchema"] = new JsonObject { ["type"] = "object", ["properties"] = properties } };
    }

    private sealed record McpSession(string Name)
    {
        /// <summary>Channels of calls whose answer has not left whole.</summary>
        public ConcurrentDictionary<string, bool> OpenCalls { get; } = new();
    }
}

[JsonSerializable(typeof(JsonObject))]
internal sealed partial class McpJson : JsonSerializerContext;
