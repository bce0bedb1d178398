using System.Text;
using System.Text.Json.Nodes;
using Engine.Http1;
using Engine.Sse;

namespace Gateway;

/// <summary>
/// Revision 2026-07-28: no handshake and no session. Each request names its version, in a field and in its <c>_meta</c>, and its method and tool in fields too, for those on the way that do not
/// read bodies. A stream belongs to one request; when it breaks, the work ends.
/// </summary>
internal static class McpRequests
{
    public const string Revision = "2026-07-28";

    private const int HeaderMismatch = -32020;
    private const int UnsupportedVersion = -32022;
    private const int MethodNotFound = -32601;
    private const int InvalidParams = -32602;
    private const string EncodedStart = "=?base64?";
    private const string EncodedEnd = "?=";

    public static string? VersionIn(JsonObject message)
        => message["params"] is JsonObject parameters && parameters["_meta"] is JsonObject meta && meta["io.modelcontextprotocol/protocolVersion"] is JsonValue value && value.TryGetValue(out string? version)
            ? version
            : null;

    public static async ValueTask ServeAsync(HttpContext context, JsonObject message, string method, string? version)
    {
        JsonNode? id = message["id"];
        if (VersionIn(message) != version || context.Request.Headers["Mcp-Method"] != method || Decode(context.Request.Headers["Mcp-Name"]) != NameIn(message, method))
        {
            await McpEndpoint.RefuseAsync(context, 400, id, HeaderMismatch, "The fields of the request and its body differ.");
        }
        else if (version != Revision)
        {
            var data = new JsonObject { ["supported"] = new JsonArray(Revision), ["requested"] = version };
            await McpEndpoint.RefuseAsync(context, 400, id, UnsupportedVersion, "This version is not spoken here.", data);
        }
        else if (id is null)
        {
            context.Response.StatusCode = 202;
        }
        else
        {
            await CallAsync(context, message, method, id);
        }
    }

    private static async ValueTask CallAsync(HttpContext context, JsonObject message, string method, JsonNode id)
    {
        JsonNode? parameters = message["params"];
        string? tool = method == "tools/call" ? NameIn(message, method) : null;
        if (method == "server/discover")
        {
            await McpEndpoint.AnswerAsync(context, id, Complete(new JsonObject
            {
                ["supportedVersions"] = new JsonArray(Revision),
                ["capabilities"] = McpToolbox.Capabilities,
                ["ttlMs"] = 60_000,
                ["cacheScope"] = "public",
            }));
        }
        else if (method == "tools/list")
        {
            await McpEndpoint.AnswerAsync(context, id, Complete(new JsonObject { ["tools"] = McpToolbox.List(), ["ttlMs"] = 60_000, ["cacheScope"] = "public" }));
        }
        else if (tool == "add" && McpToolbox.Add(parameters!["arguments"]) is { } sum)
        {
            await McpEndpoint.AnswerAsync(context, id, Complete(sum));
        }
        else if (tool == "countdown" && McpToolbox.From(parameters!["arguments"]) is { } from)
        {
            await CountdownAsync(context, id, from, parameters["_meta"]?["progressToken"]);
        }
        else if (method == "tools/call")
        {
            await McpEndpoint.RefuseAsync(context, 200, id, InvalidParams, "There is no such tool, or not for these arguments.");
        }
        else
        {
            await McpEndpoint.RefuseAsync(context, 404, id, MethodNotFound, "There is no such method.");
        }
    }

    /// <summary>Progress as it comes, then the answer. Who closes the stream has cancelled the call.</summary>
    private static async Task CountdownAsync(HttpContext context, JsonNode id, int from, JsonNode? token)
    {
        SseStream stream = await context.StartSseAsync();
        await foreach (int step in McpToolbox.CountAsync(from, stream.Closed))
        {
            if (token is not null)
            {
                await SendAsync(stream, McpToolbox.Progress(token, step, from));
            }
        }

        await SendAsync(stream, new JsonObject { ["id"] = id.DeepClone(), ["result"] = Complete(McpToolbox.Text("lift-off")) });
    }

    private static ValueTask SendAsync(SseStream stream, JsonObject message)
    {
        message["jsonrpc"] = "2.0";
        return new ValueTask(stream.SendJsonAsync(message, McpJson.Default.JsonObject, cancellationToken: stream.Closed).AsTask());
    }

    private static JsonObject Complete(JsonObject result)
    {
        result["resultType"] = "complete";
        result["_meta"] = new JsonObject { ["io.modelcontextprotocol/serverInfo"] = McpToolbox.ServerInfo };
        return result;
    }

    private static string? NameIn(JsonObject message, string method)
        => method == "tools/call" && message["params"] is JsonObject parameters && parameters["name"] is JsonValue value && value.TryGetValue(out string? name) ? name : null;

    /// <summary>A name that a field cannot hold comes as base64.</summary>
    private static string? Decode(string? field)
    {
        if (field is null || !field.StartsWith(EncodedStart, StringComparison.Ordinal) || !field.EndsWith(EncodedEnd, StringComparison.Ordinal) || field.Length < EncodedStart.Length + EncodedEnd.Length)
        {
            return field;
        }

        byte[] decoded = new byte[field.Length];
        return Convert.TryFromBase64String(field[EncodedStart.Length..^EncodedEnd.Length], decoded, out int length) ? Encoding.UTF8.GetString(decoded, 0, length) : "";
    }
}
