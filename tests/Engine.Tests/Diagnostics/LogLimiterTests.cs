namespace Engine.Tests;

/// <summary>A line a second, and no count is lost.</summary>
public sealed class LogLimiterTests
{
    [Test]
    public void One_line_a_second_passes_and_says_how_many_were_held_back()
    {
        var limiter = new LogLimiter();
        Assert.That(limiter.TryPass(5_000, out long held), Is.True);
        Assert.That(held, Is.Zero);
        for (int i = 0; i < 7; i++)
        {
            Assert.That(limiter.TryPass(5_000 + (i * 100), out _), Is.False);
        }

        Assert.That(limiter.TryPass(6_000, out held), Is.True);
        Assert.That(held, Is.EqualTo(7));
        Assert.That(limiter.TryPass(60_000, out held), Is.True);
        Assert.That(held, Is.Zero);
    }
}
