using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>samples/Gateway with the npm clients that it is for: openai, and the Model Context Protocol's own of both eras.</summary>
[TestFixture("sockets")]
[TestFixture("epoll")]
[CancelAfter(120_000)]
public sealed class GatewayTests(string transport)
{
    private ServerProgram? _server;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await ServerProgram.StartGatewayAsync(transport);

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.StopAsync();
        }
    }

    [Test]
    public async Task Openai_reads_whole_and_streamed_answers_and_what_it_leaves_ends_unless_it_is_a_job()
    {
        JsonElement[] seen = await NodeScript.RunAsync("openai-client.mjs", _server!.Http);
        Assert.That(NodeScript.Of(seen, "whole").GetProperty("content").GetString(), Is.EqualTo("hello world"));
        Assert.That(NodeScript.Of(seen, "whole").GetProperty("reason").GetString(), Is.EqualTo("stop"));
        Assert.That(NodeScript.Of(seen, "stream").GetProperty("content").GetString(), Is.EqualTo("one two ünï three"));
        Assert.That(NodeScript.Of(seen, "stream").GetProperty("reason").GetString(), Is.EqualTo("stop"));
        foreach (string how in new[] { "break", "abort" })
        {
            Assert.That(NodeScript.Of(seen, how).GetProperty("running").GetInt32(), Is.Zero, how);
            Assert.That(NodeScript.Of(seen, how).GetProperty("milliseconds").GetInt32(), Is.LessThan(5000), how);
        }

        JsonElement job = NodeScript.Of(seen, "job");
        string question = $"slowly {string.Join(' ', Enumerable.Range(0, 20))}";
        foreach (string how in new[] { "text", "again", "whole" })
        {
            Assert.That(job.GetProperty(how).GetString(), Is.EqualTo(question), how);
        }

        Assert.That(job.GetProperty("numbers").Deserialize<int[]>(), Is.EqualTo(Enumerable.Range(0, 23)), "began, 21 words, ended: each once");
        Assert.That((job.GetProperty("status").GetString(), job.GetProperty("last").GetString()), Is.EqualTo(("completed", "response.completed")));
        JsonElement stopped = NodeScript.Of(seen, "stopped");
        Assert.That((stopped.GetProperty("status").GetString(), stopped.GetProperty("last").GetString()), Is.EqualTo(("cancelled", "response.cancelled")));
        Assert.That(stopped.GetProperty("running").GetInt32(), Is.Zero);
        Assert.That(NodeScript.Of(seen, "attended").GetProperty("running").GetInt32(), Is.Zero);
        Assert.That(NodeScript.Of(seen, "bounds").GetProperty("status").GetInt32(), Is.EqualTo(429));
        Assert.That(NodeScript.Of(seen, "bounds").GetProperty("kept").GetBoolean(), Is.False, "its time is over");
        Assert.That(NodeScript.Of(seen, "error").GetProperty("status").GetInt32(), Is.EqualTo(400));
        Assert.That(NodeScript.Of(seen, "error").GetProperty("message").GetString(), Is.EqualTo("There is no message."));
    }

    [Test]
    public async Task The_client_of_the_Model_Context_Protocol_calls_tools_and_comes_back_for_the_rest_of_a_stream_that_was_cut()
    {
        JsonElement[] seen = await NodeScript.RunAsync("mcp-client.mjs", _server!.Http);
        Assert.That(NodeScript.Of(seen, "connected").GetProperty("hasSession").GetBoolean(), Is.True);
        Assert.That(NodeScript.Of(seen, "connected").GetProperty("version").GetString(), Is.EqualTo("2025-11-25"));
        Assert.That(NodeScript.Of(seen, "tools").GetProperty("names").GetArrayLength(), Is.EqualTo(2));
        Assert.That(NodeScript.Of(seen, "add").GetProperty("text").GetString(), Is.EqualTo("42"));
        foreach (string kind in new[] { "countdown", "cut" })
        {
            Assert.That(NodeScript.Of(seen, kind).GetProperty("text").GetString(), Is.EqualTo("lift-off"), kind);
            Assert.That(NodeScript.Of(seen, kind).GetProperty("progress").Deserialize<int[]>(), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }), kind);
        }

        Assert.That(seen.Select(static one => one.GetProperty("kind").GetString()), Has.None.EqualTo("error"));
    }

    [Test]
    public async Task The_client_of_revision_2026_07_28_calls_tools_without_a_handshake()
    {
        JsonElement[] seen = await NodeScript.RunAsync("mcp-2026-client.mjs", _server!.Http);
        foreach (string mode in new[] { "pinned", "auto" })
        {
            JsonElement one = NodeScript.Of(seen, mode);
            Assert.That(one.GetProperty("version").GetString(), Is.EqualTo("2026-07-28"), mode);
            Assert.That(one.GetProperty("server").GetString(), Is.EqualTo("gateway"), mode);
            Assert.That(one.GetProperty("tools").Deserialize<string[]>(), Is.EqualTo(new[] { "add", "countdown" }), mode);
            Assert.That(one.GetProperty("sum").GetString(), Is.EqualTo("42"), mode);
            Assert.That(one.GetProperty("text").GetString(), Is.EqualTo("lift-off"), mode);
            Assert.That(one.GetProperty("progress").Deserialize<int[]>(), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }), mode);
            Assert.That(one.GetProperty("refused").GetInt32(), Is.EqualTo(-32602), mode);
        }

        Assert.That(NodeScript.Of(seen, "legacy").GetProperty("version").GetString(), Is.EqualTo("2025-11-25"), "the same client, the older way");
        Assert.That(NodeScript.Of(seen, "methods").GetProperty("names").Deserialize<string[]>(), Has.None.EqualTo("initialize"));
    }

    [TestCase("2026-07-28", "2026-07-28", "ping", 400, -32020, TestName = "A_method_that_the_field_does_not_name_is_refused")]
    [TestCase("2026-07-28", "2026-01-01", "tools/list", 400, -32020, TestName = "A_version_that_the_body_does_not_name_is_refused")]
    [TestCase("2026-12-31", "2026-12-31", "tools/list", 400, -32022, TestName = "A_version_of_the_future_is_refused_with_those_that_are_spoken")]
    public async Task Requests_that_contradict_themselves_are_refused(string field, string body, string method, int status, int code)
    {
        using HttpResponseMessage response = await PostAsync(field, body, method);
        Assert.That((int)response.StatusCode, Is.EqualTo(status));
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        Assert.That(answer.RootElement.GetProperty("error").GetProperty("code").GetInt32(), Is.EqualTo(code));
    }

    [Test]
    public async Task Pages_of_other_origins_are_refused()
    {
        using HttpResponseMessage response = await PostAsync("2026-07-28", "2026-07-28", "tools/list", "http://evil.example");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task A_second_tab_and_a_reload_show_the_answer_of_a_job_from_its_beginning()
    {
        await using Chromium browser = await Chromium.LaunchAsync();
        IPage maker = await browser.NewPageAsync();
        await maker.GotoAsync($"{_server!.Http}/");
        await maker.FillAsync("#question", "slowly a b c d e f g h i j k l");
        await maker.ClickAsync("#ask button");
        await maker.WaitForFunctionAsync("document.getElementById('answer').textContent.includes('c')");
        string address = maker.Url;
        await maker.CloseAsync();
        IPage other = await browser.NewPageAsync();
        await other.GotoAsync(address);
        await other.WaitForFunctionAsync("document.getElementById('status').textContent === 'completed'");
        Assert.That(await other.TextContentAsync("#answer"), Is.EqualTo("slowly a b c d e f g h i j k l"));
    }

    private async Task<HttpResponseMessage> PostAsync(string field, string body, string method, string? origin = null)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_server!.Http}/mcp");
        request.Headers.Add("MCP-Protocol-Version", field);
        request.Headers.Add("Mcp-Method", "tools/list");
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        string message = $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"{{body}}" } } }""";
        request.Content = new StringContent(message, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        return await http.SendAsync(request, Cancellation);
    }
}
