using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Gateway;

/// <summary>The tools, whatever revision asks for them: "add" answers at once, "countdown" takes its time and says how far it is.</summary>
internal static class McpToolbox
{
    private const int MaxCount = 1_000;

    private static readonly TimeSpan Second = TimeSpan.FromMilliseconds(30);

    public static JsonObject ServerInfo => new() { ["name"] = "gateway", ["version"] = "1.0.0" };

    public static JsonObject Capabilities => new() { ["tools"] = new JsonObject() };

    public static JsonArray List() => new(Tool("add", "a", "b"), Tool("countdown", "from"));

    /// <summary>What "add" answers; null for arguments that are no two numbers.</summary>
    public static JsonObject? Add(JsonNode? arguments)
        => arguments?["a"] is JsonValue a && a.TryGetValue(out double one) && arguments["b"] is JsonValue b && b.TryGetValue(out double other) ? Text($"{one + other}") : null;

    /// <summary>From where "countdown" counts; null for what it cannot count from.</summary>
    public static int? From(JsonNode? arguments) => arguments?["from"] is JsonValue value && value.TryGetValue(out int from) && from is > 0 and <= MaxCount ? from : null;

    /// <summary>Counts down, one a step: the first is 1.</summary>
    public static async IAsyncEnumerable<int> CountAsync(int from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int step = 1; step <= from; step++)
        {
            yield return step;
            await Task.Delay(Second, cancellationToken);
        }
    }

    public static JsonObject Text(string text) => new() { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) };

    public static JsonObject Progress(JsonNode token, int step, int total) => new()
    {
        ["method"] = "notifications/progress",
        ["params"] = new JsonObject { ["progressToken"] = token.DeepClone(), ["progress"] = step, ["total"] = total },
    };

    private static JsonObject Tool(string name, params string[] numbers)
    {
        var properties = new JsonObject();
        foreach (string number in numbers)
        {
            properties[number] = new JsonObject { ["type"] = "number" };
        }

        return new JsonObject { ["name"] = name, ["inputSchema"] = new JsonObject { ["type"] = "object", ["properties"] = properties } };
    }
}

[JsonSerializable(typeof(JsonObject))]
internal sealed partial class McpJson : JsonSerializerContext;
