using System.Text.Json.Nodes;
using Engine.Http1;
using Engine.Sse;

namespace Gateway;

/// <summary>
/// A Model Context Protocol server over streamable HTTP for clients of two eras on one path: revision 2026-07-28, where each request says everything
/// (<see cref="McpRequests"/>), and those from 2025-03-26 to 2025-11-25, which begin with a handshake and have sessions (<see cref="McpSessions"/>).
/// </summary>
internal sealed class McpEndpoint(McpSessions sessions)
{
    public void Map(HttpServer server) => server
        .MapPost("/mcp", PostAsync)
        .Map("DELETE", "/mcp", sessions.EndSession)
        .MapSseHub("/mcp", sessions.Hub, sessions.Listen);

    public static ValueTask AnswerAsync(HttpContext context, JsonNode? id, JsonObject result) => SendAsync(context, id, "result", result);

    public static ValueTask RefuseAsync(HttpContext context, int status, JsonNode? id, int code, string message, JsonObject? data = null)
    {
        context.Response.StatusCode = status;
        var error = new JsonObject { ["code"] = code, ["message"] = message };
        if (data is not null)
        {
            error["data"] = data;
        }

        return SendAsync(context, id, "error", error);
    }

    private static ValueTask SendAsync(HttpContext context, JsonNode? id, string member, JsonObject content)
        => context.Response.WriteJsonAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id?.DeepClone(), [member] = content }, McpJson.Default.JsonObject);

    private async ValueTask PostAsync(HttpContext context)
    {
        // A page of another origin may reach a server on this machine by a name of its own making.
        if (context.Request.Headers["Origin"] is { } origin && (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? from) || from.Authority != context.Request.Headers["Host"]))
        {
            context.Response.StatusCode = 403;
            return;
        }

        JsonObject? message = await context.Request.ReadJsonAsync(McpJson.Default.JsonObject);
        if (message is null || (string?)message["jsonrpc"] != "2.0" || message["method"] is not JsonValue method || !method.TryGetValue(out string? name))
        {
            // An answer, to a question that this server never asks, has no method.
            await RefuseAsync(context, 400, null, -32600, "This is no request.");
            return;
        }

        string? version = context.Request.Headers["MCP-Protocol-Version"];
        if (version == McpRequests.Revision || McpRequests.VersionIn(message) is not null)
        {
            await McpRequests.ServeAsync(context, message, name, version);
        }
        else
        {
            await sessions.ServeAsync(context, message, name, version);
        }
    }
}
