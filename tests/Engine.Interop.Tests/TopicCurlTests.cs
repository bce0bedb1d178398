using System.Globalization;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>Topics of the server under test with curl: publish by POST, hear by events, come back with the last id.</summary>
public sealed class TopicCurlTests(string transport) : BothTransports(transport)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Test]
    public async Task What_is_posted_is_heard_and_a_client_that_comes_back_gets_what_it_missed([Values] bool isHttp10)
    {
        string topic = $"s.{Guid.NewGuid():N}";
        string[] version = isHttp10 ? ["-0"] : [];
        string first;
        await using (ChildProcess curl = ChildProcess.Start("curl", ["-sN", .. version, $"{Server.Http}/topics?topic={topic}"]))
        {
            await curl.WaitForLineAsync(static line => line.StartsWith("id: ", StringComparison.Ordinal), Limit);
            first = await PostAsync(topic, "one");
            await curl.WaitForLineAsync(static line => line == "data: one", Limit);
            Assert.That(curl.Output, Does.Contain($"id: {first}"));
        }

        await PostAsync(topic, "two");
        string third = await PostAsync(topic, "three");
        await using ChildProcess back = ChildProcess.Start("curl", ["-sN", .. version, "-H", $"Last-Event-ID: {first}", $"{Server.Http}/topics?topic={topic}"]);
        await back.WaitForLineAsync(static line => line == "data: three", Limit);
        Assert.That(back.Output, Does.Contain("data: two").And.Contain($"id: {third}").And.Not.Contain("data: one").And.Not.Contain("event: gap"));
    }

    [Test]
    public async Task A_latest_topic_begins_with_the_newest_of_each_key()
    {
        string topic = $"l.{Guid.NewGuid():N}";
        foreach (string price in new[] { "EUR 1.07", "GBP 0.85", "EUR 1.08" })
        {
            await PostAsync(topic, price);
        }

        await using ChildProcess curl = ChildProcess.Start("curl", ["-sN", $"{Server.Http}/topics?topic={topic}"]);
        await curl.WaitForLineAsync(static line => line == "data: EUR 1.08", Limit);
        Assert.That(curl.Output, Does.Contain("data: GBP 0.85").And.Not.Contain("1.07"));
    }

    [Test]
    public async Task A_client_whose_history_is_gone_is_told()
    {
        string topic = $"s.{Guid.NewGuid():N}";
        string position = await PostAsync(topic, "x");
        string other = $"{ulong.Parse(position.Split('-')[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) + 1:x}-1";
        await using ChildProcess curl = ChildProcess.Start("curl", ["-sN", $"{Server.Http}/topics?topic={topic}&last_event_id={other}"]);
        await curl.WaitForLineAsync(static line => line == "event: gap", Limit);
    }

    private async Task<string> PostAsync(string topic, string text)
    {
        (int exitCode, string output, string error) = await ChildProcess.RunAsync(
            "curl", ["-s", "--max-time", "20", "-w", "\n%{http_code}", "-d", text, $"{Server.Http}/topics/{topic}"], TimeSpan.FromSeconds(30));
        Assert.That(exitCode, Is.Zero, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[^1], Is.EqualTo("201"));
        return lines[0];
    }
}
