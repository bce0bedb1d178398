namespace Engine.Tests;

[Category("Pure")]
public sealed class PeerProgressTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    [Test]
    public void Where_the_kernel_tells_what_was_acknowledged_counts()
    {
        var progress = default(PeerProgress);
        progress.Begin(1000, Acknowledged(5));
        Assert.That(progress.IsWithin(Timeout, 10_999, Acknowledged(5)), Is.True);
        Assert.That(progress.IsWithin(Timeout, 11_000, Acknowledged(6)), Is.True, "one byte");
        Assert.That(progress.IsWithin(Timeout, 20_999, Acknowledged(6)), Is.True);
        Assert.That(progress.IsWithin(Timeout, 21_000, Acknowledged(6)), Is.False);
    }

    [Test]
    public void Elsewhere_what_the_kernel_took_counts()
    {
        var progress = default(PeerProgress);
        progress.Begin(1000, default);
        Assert.That(progress.IsWithin(Timeout, 11_000, default), Is.False);
        progress.KernelTook(11_000);
        Assert.That((progress.IsWithin(Timeout, 20_999, default), progress.Mark), Is.EqualTo((true, 11_000L)));
    }

    [Test]
    public void Clocks_and_counters_that_leave_32_bits_make_no_difference()
    {
        const long Edge = uint.MaxValue;
        var progress = default(PeerProgress);
        progress.Begin(Edge - 100, Acknowledged(Edge));
        Assert.That(progress.IsWithin(Timeout, Edge + 9_000, Acknowledged(Edge)), Is.True);
        Assert.That(progress.IsWithin(Timeout, Edge + 10_000, Acknowledged(Edge)), Is.False);
        Assert.That(progress.IsWithin(Timeout, Edge + 10_000, Acknowledged(Edge + 1)), Is.True);
    }

    private static TcpInfo Acknowledged(long bytes) => new(IsKnown: true, HasUnacknowledged: true, bytes, UnacknowledgedBytes: 1);
}
