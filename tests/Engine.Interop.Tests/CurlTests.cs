using System.Security.Cryptography;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>curl against every route of the server under test.</summary>
public sealed class CurlTests(string transport) : BothTransports(transport)
{
    [Test]
    public async Task Plain_is_thirteen_bytes_with_a_date_and_the_connection_is_used_again()
    {
        string answer = await CurlAsync("-si", "-w", "connects: %{num_connects}\n", $"{Server.Http}/plain", $"{Server.Http}/plain");
        Assert.That(answer, Does.Contain("HTTP/1.1 200 OK"));
        Assert.That(answer, Does.Contain("Content-Length: 13"));
        Assert.That(answer, Does.Contain("Date: "));
        Assert.That(answer, Does.Contain("Hello, World!connects: 1"));
        Assert.That(answer, Does.Contain("Hello, World!connects: 0"), "the second request used the first one's connection");
    }

    [Test]
    public async Task Unknown_paths_are_404()
        => Assert.That(await CurlAsync("-s", "-o", "/dev/null", "-w", "%{http_code}", $"{Server.Http}/nothing/here"), Is.EqualTo("404"));

    [Test]
    public async Task HEAD_is_there_where_GET_is([Values("plain", "sse?count=1&size=1&interval=0")] string path)
    {
        string answer = await CurlAsync("-sI", $"{Server.Http}/{path}");
        Assert.That(answer, Does.StartWith("HTTP/1.1 200 OK"));
    }

    [Test]
    public async Task The_root_gives_the_body_back_for_every_method([Values("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW")] string method)
        => Assert.That(await CurlAsync("-s", "-X", method, "-d", "some body", $"{Server.Http}/"), Is.EqualTo("some body"));

    [Test]
    public async Task Echo_streams_back_what_it_is_sent_whatever_the_framing([Values] bool isChunked, [Values(0, 1, 1000, 3_000_000)] int size)
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"echo-{Guid.NewGuid():N}");
        byte[] sent = RandomNumberGenerator.GetBytes(size);
        await File.WriteAllBytesAsync(file, sent);
        try
        {
            string[] framing = isChunked ? ["-H", "Transfer-Encoding: chunked"] : [];
            await CurlAsync(["-s", "--fail", .. framing, "--data-binary", $"@{file}", "-o", $"{file}.back", $"{Server.Http}/echo"]);
            Assert.That(size == 0 || (await File.ReadAllBytesAsync($"{file}.back")).AsSpan().SequenceEqual(sent), Is.True);
        }
        finally
        {
            File.Delete(file);
            File.Delete($"{file}.back");
        }
    }

    [Test]
    public async Task A_client_that_waits_is_told_to_go_on()
    {
        string answer = await CurlAsync("-si", "-H", "Expect: 100-continue", "-d", "abc", $"{Server.Http}/echo");
        Assert.That(answer, Does.StartWith("HTTP/1.1 100 Continue").And.Contain("HTTP/1.1 200 OK").And.EndWith("abc"));
    }

    [Test]
    public async Task HTTP_1_0_works() => Assert.That(await CurlAsync("-s0", $"{Server.Http}/plain"), Is.EqualTo("Hello, World!"));

    [Test]
    public async Task Events_are_printed_with_ids_from_zero()
        => Assert.That(
            await CurlAsync("-sN", $"{Server.Http}/sse?count=3&size=4&interval=10"),
            Is.EqualTo("id: 0\ndata: xxxx\n\nid: 1\ndata: xxxx\n\nid: 2\ndata: xxxx\n"));

    [Test]
    public async Task Events_are_printed_as_they_are_sent()
    {
        await using ChildProcess curl = ChildProcess.Start("curl", ["-sN", $"{Server.Http}/sse?count=1000000&size=4&interval=1000"]);
        await curl.WaitForLineAsync(static line => line == "id: 0", TimeSpan.FromSeconds(10));
        Assert.That(curl.Output, Does.Not.Contain("id: 1"));
        await curl.WaitForLineAsync(static line => line == "id: 1", TimeSpan.FromSeconds(10));
        Assert.That(curl.HasExited, Is.False);
    }

    [Test]
    public async Task Events_go_on_behind_the_last_id()
        => Assert.That(await CurlAsync("-sN", "-H", "Last-Event-ID: 7", $"{Server.Http}/sse?count=10&size=1&interval=0"), Is.EqualTo("id: 8\ndata: x\n\nid: 9\ndata: x\n"));

    [Test]
    public async Task A_hundred_thousand_events_arrive_as_fast_as_the_client_takes_them()
    {
        string answer = await CurlAsync("-sN", $"{Server.Http}/sse?count=100000&size=100&interval=0");
        Assert.That(answer.Split("id: ").Length - 1, Is.EqualTo(100_000));
        Assert.That(answer, Does.EndWith($"id: 99999\ndata: {new string('x', 100)}\n"));
    }

    private static async Task<string> CurlAsync(params string[] arguments)
    {
        (int exitCode, string output, string error) = await ChildProcess.RunAsync("curl", ["--max-time", "60", .. arguments], TimeSpan.FromSeconds(70));
        Assert.That(exitCode, Is.Zero, error);
        return output;
    }
}
