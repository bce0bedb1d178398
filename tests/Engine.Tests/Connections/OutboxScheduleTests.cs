using System.Globalization;

namespace Engine.Tests;

/// <summary>
/// Explores schedules of everything that can leave a connection: small steps in an order drawn from a seed, over the in-memory transport, on the loop, within
/// callbacks and on another thread. Whatever the order, what was accepted arrives whole, once and in order, what was refused does not, and every wait ends.
/// </summary>
[Category("Pure")]
public sealed class OutboxScheduleTests
{
    [Test]
    [CancelAfter(120_000)]
    public void Four_thousand_schedules_keep_every_promise() => Explore(0, 4_000);

    [Test]
    [Explicit("Minutes; for a change of the outbox. Seeds that the suite does not take.")]
    public void A_quarter_of_a_million_schedules_keep_every_promise() => Explore(1_000_000, 250_000);

    /// <summary>A schedule that failed is run again by its number.</summary>
    [TestCase(0)]
    public void One_schedule_keeps_every_promise(int seed) => new OutboxSchedule(seed).Run();

    private static void Explore(int firstSeed, int count)
    {
        var totals = new OutboxScheduleTotals();
        for (int seed = firstSeed; seed < firstSeed + count; seed++)
        {
            var schedule = new OutboxSchedule(seed);
            try
            {
                schedule.Run();
            }
            catch (Exception exception) when (exception is not SuccessException)
            {
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"schedule {seed}: {exception.Message}\n{string.Join('\n', schedule.Steps)}"));
            }

            totals.Add(schedule);
        }

        TestContext.Out.WriteLine(totals);

        // A schedule that never meets a limit would show nothing.
        Assert.That(totals.EveryKindWasMet, Is.True, totals.ToString());
    }
}
