namespace Engine.Tests;

[Category("Pure")]
public sealed class ConnectionDeadlinesTests
{
    [Test]
    public void The_wheel_moves_for_an_earlier_deadline_only()
    {
        var deadlines = default(ConnectionDeadlines);
        Assert.That((deadlines.TryArm(0), deadlines.TryArm(100), deadlines.TryArm(200), deadlines.TryArm(100), deadlines.TryArm(50)), Is.EqualTo((false, true, false, false, true)));
    }

    [Test]
    public void Those_that_have_passed_are_told_and_cleared_and_the_others_stay()
    {
        var deadlines = new ConnectionDeadlines { ProtocolAt = 100, EngineAt = 200 };
        Assert.That(deadlines.Earliest, Is.EqualTo(100));
        Assert.That(deadlines.TakePassed(99), Is.EqualTo(PassedDeadlines.None));
        Assert.That(deadlines.TakePassed(100), Is.EqualTo(PassedDeadlines.Protocol));
        Assert.That((deadlines.ProtocolAt, deadlines.Earliest), Is.EqualTo((0L, 200L)));
        Assert.That(deadlines.TakePassed(300), Is.EqualTo(PassedDeadlines.Engine));
        Assert.That(deadlines.Earliest, Is.Zero);
    }

    [Test]
    public void Once_the_wheel_has_fired_any_deadline_moves_it()
    {
        var deadlines = new ConnectionDeadlines { EngineAt = 500 };
        Assert.That(deadlines.TryArm(100), Is.True);
        deadlines.TakePassed(100);
        Assert.That(deadlines.TryArm(deadlines.Earliest), Is.True);
    }
}
