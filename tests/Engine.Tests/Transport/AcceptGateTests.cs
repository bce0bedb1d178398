namespace Engine.Tests;

/// <summary>Accepts a second, as asked.</summary>
public sealed class AcceptGateTests
{
    [TestCase(1)]
    [TestCase(10)]
    [TestCase(15)]
    [TestCase(19)]
    [TestCase(997)]
    [TestCase(20_000)]
    public void As_many_pass_in_ten_seconds_as_the_rate_says(int rate)
    {
        var gate = new AcceptGate(rate);
        int passed = 0;
        for (long now = 0; now < 10_000;)
        {
            int wait = gate.TryTake(now);
            passed += wait == 0 ? 1 : 0;
            now += wait;
        }

        Assert.That(passed, Is.EqualTo(rate * 10).Within(Math.Max(rate / 10, 1)));
    }
}
