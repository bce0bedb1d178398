namespace Engine.Tests;

[CancelAfter(20_000)]
public sealed class LoopSwitchTests
{
    [Test]
    public async Task Who_awaits_it_goes_on_on_the_loop_and_at_once_when_there_already()
    {
        var loop = new SocketLoop(0);
        loop.Start();
        Assert.That(new LoopSwitch(loop).IsCompleted, Is.False);
        await new LoopSwitch(loop);
        Assert.That(loop.IsCurrent, Is.True);
        Assert.That(new LoopSwitch(loop).IsCompleted, Is.True);
        loop.Stop();

        // Not back to the loop, which has ended by then.
        await loop.Completion.ConfigureAwait(false);
    }
}
