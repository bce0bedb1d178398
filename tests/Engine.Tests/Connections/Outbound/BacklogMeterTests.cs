namespace Engine.Tests;

[Category("Pure")]
public sealed class BacklogMeterTests
{
    private readonly ConnectionOptions _options = new() { SlowWriteThreshold = TimeSpan.FromMilliseconds(100), SlowWriteCount = 2 };

    [Test]
    public void A_backlog_is_dated_from_when_it_began()
    {
        var meter = default(BacklogMeter);
        meter.Count(10, 1000, _options);
        meter.Count(30, 1500, _options);
        Assert.That((meter.Bytes, meter.SinceMilliseconds), Is.EqualTo((30, 1000L)));
        meter.Count(0, 1600, _options);
        meter.Count(5, 2000, _options);
        Assert.That((meter.Bytes, meter.SinceMilliseconds), Is.EqualTo((5, 2000L)));
    }

    [Test]
    public void A_peer_is_slow_after_so_many_slow_writes_in_a_row()
    {
        var meter = default(BacklogMeter);
        Assert.That(new[] { Write(ref meter, 101), Write(ref meter, 100), Write(ref meter, 101), Write(ref meter, 101), Write(ref meter, 101) },
            Is.EqualTo(new[] { false, false, false, true, false }));
    }

    private bool Write(ref BacklogMeter meter, long milliseconds)
    {
        Assert.That(meter.Count(1, 1000, _options), Is.False);
        return meter.Count(0, 1000 + milliseconds, _options);
    }
}
