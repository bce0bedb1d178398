using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>The programs stop as a supervisor expects.</summary>
[CancelAfter(60_000)]
public sealed class SignalTests
{
    [Test]
    public async Task Programs_stop_gracefully_while_streams_and_sockets_are_open([Values("INT", "TERM")] string signal, [Values] bool isDemo)
    {
        await using ServerProgram server = isDemo ? await ServerProgram.StartDemoAsync("auto") : await ServerProgram.StartTestServerAsync("auto");
        string path = isDemo ? "/events" : "/sse?count=1000&size=1&interval=100";
        await using ChildProcess curl = ChildProcess.Start("curl", ["-sN", $"{server.Http}{path}"]);
        await curl.WaitForLineAsync(static line => line.StartsWith("id: ", StringComparison.Ordinal), TimeSpan.FromSeconds(10));
        await server.Process.SignalAsync(signal);
        Assert.That(await server.Process.WaitForExitAsync(TimeSpan.FromSeconds(15)), Is.Zero);
        Assert.That(server.Process.Error, Is.Empty);
        Assert.That(await curl.WaitForExitAsync(TimeSpan.FromSeconds(5)), Is.Zero, "the stream ended in order");
    }

    [Test]
    public async Task Programs_say_what_they_do_not_understand()
    {
        string path = Path.Combine(Repository.Root, "samples/Demo/bin", Repository.Configuration, "net10.0", "Demo.dll");
        (int exitCode, _, string error) = await ChildProcess.RunAsync("dotnet", [path, "--nonsense"], TimeSpan.FromSeconds(20));
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(error, Does.Contain("--nonsense").And.Contain("usage:"));
    }
}
