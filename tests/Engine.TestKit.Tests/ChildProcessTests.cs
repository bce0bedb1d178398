namespace Engine.TestKit.Tests;

[Category("Sockets")]
[Platform("Unix")]
[CancelAfter(20_000)]
public sealed class ChildProcessTests
{
    [Test]
    public async Task Output_error_and_exit_code_are_captured()
    {
        (int exitCode, string output, string error) = await ChildProcess.RunAsync(
            "sh", ["-c", "echo one; echo two; echo bad >&2; exit 3"], TimeSpan.FromSeconds(10));

        Assert.That((exitCode, output, error.Trim()), Is.EqualTo((3, "one\ntwo", "bad")));
    }

    [Test]
    public async Task Line_is_awaited_while_the_process_runs_and_a_signal_ends_it()
    {
        await using ChildProcess child = ChildProcess.Start("sh", ["-c", "trap 'echo stopping; exit 0' TERM; echo ready; while :; do sleep 0.05; done"]);

        await child.WaitForLineAsync(line => line == "ready", TimeSpan.FromSeconds(10));
        await child.SignalAsync("TERM");

        Assert.That(await child.WaitForExitAsync(TimeSpan.FromSeconds(10)), Is.Zero);
        Assert.That(child.Output, Does.EndWith("stopping"));
    }

    [Test]
    public async Task Awaited_line_that_never_comes_fails_with_the_output_when_the_process_ends()
    {
        await using ChildProcess child = ChildProcess.Start("sh", ["-c", "echo other"]);

        EndOfStreamException? ended = await Assert.ThrowsAsync<EndOfStreamException>(() =>
            child.WaitForLineAsync(line => line == "ready", TimeSpan.FromSeconds(10)));

        Assert.That(ended!.Message, Does.Contain("other"));
    }
}
