using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Engine.Http1;
using Engine.Sse;

namespace Gateway;

/// <summary>
/// The revisions with sessions, up to 2025-11-25. The events of a call go through a channel of a hub, so they carry ids and are kept: a client whose stream was cut
/// comes back by GET with its last id, and gets the rest.
/// </summary>
internal sealed class McpSessions : IDisposable
{
    private const int MaxSessions = 1_000;
    private const string Newest = "2025-11-25";

    private static readonly string[] Revisions = [Newest, "2025-06-18", "2025-03-26"];

    private readonly ConcurrentDictionary<string, McpSession> _sessions = new();

    public SseHub<string> Hub { get; } = new();

    public void Dispose() => Hub.Dispose();

    public async ValueTask ServeAsync(HttpContext context, JsonObject message, string method, string? version)
    {
        JsonNode? id = message["id"];
        if (version is not null && method != "initialize" && !Revisions.Contains(version, StringComparer.Ordinal))
        {
            await McpEndpoint.RefuseAsync(context, 400, id, -32000, "This version is not spoken here.");
        }
        else if (method == "initialize" && id is not null)
        {
            await BeginSessionAsync(context, message, id);
        }
        else if (SessionOf(context) is not { } session)
        {
            context.Response.StatusCode = 404;
        }
        else if (id is null)
        {
            context.Response.StatusCode = 202;
        }
        else
        {
            await CallAsync(context, session, message, method, id);
        }
    }

    /// <summary>GET: what the server has to say by itself, and the rest of calls whose streams were cut.</summary>
    public ValueTask<SseTicket<string>?> Listen(HttpContext context)
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

    public ValueTask EndSession(HttpContext context)
    {
        context.Response.StatusCode = context.Request.Headers["Mcp-Session-Id"] is { } name && _sessions.TryRemove(name, out _) ? 204 : 404;
        return ValueTask.CompletedTask;
    }

    private async ValueTask BeginSessionAsync(HttpContext context, JsonObject message, JsonNode id)
    {
        if (_sessions.Count >= MaxSessions)
        {
            context.Response.StatusCode = 503;
            return;
        }

        string name = Guid.NewGuid().ToString("N");
        _sessions[name] = new McpSession(name);
        context.Response.Headers.Set("Mcp-Session-Id", name);
        string? asked = message["params"] is JsonObject parameters && parameters["protocolVersion"] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        await McpEndpoint.AnswerAsync(context, id, new JsonObject
        {
            ["protocolVersion"] = Revisions.Contains(asked, StringComparer.Ordinal) ? asked : Newest,
            ["capabilities"] = McpToolbox.Capabilities,
            ["serverInfo"] = McpToolbox.ServerInfo,
        });
    }

    private async ValueTask CallAsync(HttpContext context, McpSession session, JsonObject message, string method, JsonNode id)
    {
        var parameters = message["params"] as JsonObject;
        string? tool = method == "tools/call" ? (string?)parameters?["name"] : null;
        if (method == "tools/list")
        {
            await McpEndpoint.AnswerAsync(context, id, new JsonObject { ["tools"] = McpToolbox.List() });
        }
        else if (tool == "add" && McpToolbox.Add(parameters!["arguments"]) is { } sum)
        {
            await McpEndpoint.AnswerAsync(context, id, sum);
        }
        else if (tool == "countdown" && McpToolbox.From(parameters!["arguments"]) is { } from)
        {
            await CountdownAsync(context, session, id, parameters, from);
        }
        else if (method == "ping")
        {
            await McpEndpoint.AnswerAsync(context, id, []);
        }
        else
        {
            await McpEndpoint.RefuseAsync(context, 200, id, method == "tools/call" ? -32602 : -32601, "There is no such method or tool.");
        }
    }

    private async Task CountdownAsync(HttpContext context, McpSession session, JsonNode id, JsonObject parameters, int from)
    {
        string channel = $"{session.Name}/{id.ToJsonString()}";
        SseStream stream = await context.StartSseAsync(new SseOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(100) });
        session.OpenCalls[channel] = true;
        await Hub.AttachAsync(stream, new SseTicket<string>(Guid.NewGuid().ToString("N"), session.Name, channel));
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
        await foreach (int step in McpToolbox.CountAsync(from, CancellationToken.None))
        {
            if (token is not null)
            {
                Publish(channel, McpToolbox.Progress(token, step, from));
            }
        }

        Publish(channel, new JsonObject { ["id"] = id.DeepClone(), ["result"] = McpToolbox.Text("lift-off") });
    }

    private void Publish(string channel, JsonObject message)
    {
        message["jsonrpc"] = "2.0";
        Hub.Publish(channel, SseEvent.FromJson(message, McpJson.Default.JsonObject));
    }

    private McpSession? SessionOf(HttpContext context)
        => context.Request.Headers["Mcp-Session-Id"] is { } name && _sessions.TryGetValue(name, out McpSession? session) ? session : null;

    private sealed record McpSession(string Name)
    {
        /// <summary>Channels of calls whose answer has not left whole.</summary>
        public ConcurrentDictionary<string, bool> OpenCalls { get; } = new();
    }
}
