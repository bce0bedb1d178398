namespace Engine.Tests;

[Category("Pure")]
public sealed class SendHoldTests
{
    [Test]
    public void One_message_of_an_interval_stands_in_line_for_all()
    {
        var hold = default(SendHold);
        var line = new DelayLine(5);
        hold.SetLine(line);
        Assert.That(hold.Line, Is.SameAs(line));
        Assert.That((hold.TryWait(), hold.TryWait()), Is.EqualTo((true, false)));
        hold.WaitIsOver();
        Assert.That(hold.TryWait(), Is.True);
    }
}
