using System.Buffers;

namespace Engine.WebSockets.Tests;

/// <summary>Generations: what a message's end leaves behind shows nothing and gives nothing back twice.</summary>
[Category("Pure")]
public sealed class MessageMemoryTests
{
    [Test]
    public void Array_returns_to_the_pool_once_however_often_it_is_released()
    {
        byte[] rented = Rent();
        var memory = new MessageMemory();
        int generation = memory.Hold(rented, 3);
        Assert.That(memory.Read(generation).ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        memory.Release(generation);
        memory.Release(generation);
        Assert.That(memory.IsFree, Is.True);
        Assert.That(TimesInPool(rented), Is.EqualTo(1));
    }

    [Test]
    public void Late_release_does_not_end_the_next_message()
    {
        var memory = new MessageMemory();
        int first = memory.Hold(Rent(), 1);
        memory.Release(first);
        int second = memory.Hold(Rent(), 2);
        memory.Release(first);
        Assert.That(memory.Read(second).Length, Is.EqualTo(2));
        memory.Release(second);
    }

    [Test]
    public void Late_use_throws_and_kept_memory_shows_no_bytes()
    {
        var memory = new MessageMemory();
        int generation = memory.Hold(Rent(), 3);
        ReadOnlyMemory<byte> kept = memory.Read(generation);
        memory.Release(generation);
        Assert.That(() => memory.Read(generation), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => memory.BeginSend(generation), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => kept.Span.Length, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => kept.Pin(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Send_keeps_the_bytes_that_its_owner_has_given_back()
    {
        byte[] rented = Rent();
        var memory = new MessageMemory();
        int generation = memory.Hold(rented, 3);
        ReadOnlyMemory<byte> sending = memory.BeginSend(generation);
        memory.Release(generation);
        Assert.That(memory.IsFree, Is.False);
        Assert.That(sending.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(TimesInPool(rented), Is.Zero);
        memory.EndSend();
        Assert.That(memory.IsFree, Is.True);
        Assert.That(TimesInPool(rented), Is.EqualTo(1));
    }

    private static byte[] Rent()
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(37_000);
        new byte[] { 1, 2, 3 }.CopyTo(rented, 0);
        return rented;
    }

    /// <summary>Takes arrays out of this thread's pool and counts the one that is looked for.</summary>
    private static int TimesInPool(byte[] array)
    {
        int times = 0;
        for (int i = 0; i < 64; i++)
        {
            // Kept out of the pool for good: what it handed out twice would else be handed out again.
            times += ReferenceEquals(ArrayPool<byte>.Shared.Rent(array.Length), array) ? 1 : 0;
        }

        return times;
    }
}
