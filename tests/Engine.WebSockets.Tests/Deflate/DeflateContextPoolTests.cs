namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class DeflateContextPoolTests
{
    [Test]
    public void Context_that_came_back_is_rented_again_for_the_same_window()
    {
        using var pool = new DeflateContextPool(6);
        DeflateContext first = pool.RentDeflate(12);
        pool.Return(first);
        Assert.That(pool.RentDeflate(15), Is.Not.SameAs(first));
        Assert.That(pool.RentDeflate(12), Is.SameAs(first));
        pool.Return(first);
    }

    [Test]
    public void Burst_is_given_back_to_the_system_while_nobody_needs_it()
    {
        using var pool = new DeflateContextPool(1);
        InflateContext[] burst = [.. Enumerable.Range(0, 100).Select(_ => pool.RentInflate())];
        Array.ForEach(burst, pool.Return);
        Assert.That(pool.KeptCount, Is.EqualTo(64), "the rest was closed at once");
        long now = Environment.TickCount64;
        for (int i = 1; i <= 20; i++)
        {
            pool.Trim(now + (i * 6_000));
        }

        Assert.That(pool.KeptCount, Is.Zero);
    }

    [Test]
    public void Inflater_comes_back_clean_after_an_error()
    {
        using var pool = new DeflateContextPool(6);
        InflateContext inflate = pool.RentInflate();
        Assert.That(DeflateContextTests.Inflate(inflate, [0xFF, 0xFF], out _), Is.EqualTo(WebSocketError.BadDeflate));
        pool.Return(inflate);
        InflateContext again = pool.RentInflate();
        Assert.That(DeflateContextTests.Inflate(again, Convert.FromHexString("F248CDC9C90700"), out byte[] hello), Is.EqualTo(WebSocketError.None));
        Assert.That(hello, Is.EqualTo("Hello"u8.ToArray()));
        pool.Return(again);
    }
}
