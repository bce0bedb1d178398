using System.Text.Json;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>Programs of the node folder, which print one JSON object a line for each thing that they observed.</summary>
internal static class NodeScript
{
    private static string Folder => Path.Combine(Repository.Root, "tests", "Engine.Interop.Tests", "node");

    public static async Task<JsonElement[]> RunAsync(string script, string address)
    {
        (int exitCode, string output, string error) = await ChildProcess.RunAsync("node", [script, address], TimeSpan.FromSeconds(60), Folder);
        Assert.That(exitCode, Is.Zero, output + error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    /// <summary>The one observation of this kind.</summary>
    public static JsonElement Of(JsonElement[] seen, string kind)
    {
        Assert.That(seen.Select(static one => one.GetProperty("kind").GetString()), Has.One.EqualTo(kind));
        return seen.Single(one => one.GetProperty("kind").GetString() == kind);
    }
}
