using System.Text.Json;
using Engine.TypeScript.Tool;

namespace Engine.TypeScript.Tests;

/// <summary>The AsyncAPI document, judged by npm's @asyncapi/parser.</summary>
[Category("Interop")]
[CancelAfter(120_000)]
public sealed class AsyncApiWriterTests
{
    [Test]
    public async Task The_document_is_valid_and_says_who_sends_what()
    {
        using var node = new Node();
        node.Write("contract.json", AsyncApiWriter.Write(ContractFile.Read(typeof(Scalars).Assembly.Location), "Shapes"));
        node.Copy("asyncapi.mjs");
        (int exitCode, string output) = await node.RunAsync("asyncapi.mjs", "contract.json");
        Assert.That(exitCode, Is.Zero, output);
        using JsonDocument found = JsonDocument.Parse(output);
        Assert.That(found.RootElement.GetProperty("version").GetString(), Is.EqualTo("3.1.0"));
        Assert.That(found.RootElement.GetProperty("channels").GetProperty("ShapesHandler").GetString(), Is.EqualTo("/shapes"));
        string[] operations = [.. found.RootElement.GetProperty("operations").EnumerateArray().Select(static one => one.GetString()!).Order(StringComparer.Ordinal)];
        Assert.That(operations, Is.EqualTo((string[])[
            "LogHandlerReceives receive LogA,LogB", "ShapesHandlerReceives receive Empty,Gaps,Nested,Scalars", "ShapesHandlerSends send Empty,Gaps,Nested,Scalars"]));
    }

    [Test]
    public async Task Samples_meet_their_schemas_and_broken_ones_do_not()
    {
        using var node = new Node();
        node.Write("contract.json", AsyncApiWriter.Write(ContractFile.Read(typeof(Scalars).Assembly.Location), "Shapes"));
        node.Write("samples.json", $"[{string.Join(',', Samples.All)}]");
        node.Copy("schemas.mjs");
        (int exitCode, string output) = await node.RunAsync("schemas.mjs");
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output.Trim(), Is.EqualTo("4 samples meet their schemas; 3 broken ones do not"));
    }
}
