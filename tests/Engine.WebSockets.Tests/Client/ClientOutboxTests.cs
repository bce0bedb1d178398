namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class ClientOutboxTests
{
    [Test]
    public void Messages_come_out_in_order_and_the_bound_is_in_bytes()
    {
        var outbox = new ClientOutbox(100, BackpressurePolicy.Wait);
        Assert.That(outbox.TryAdd(Message(1, 50)), Is.EqualTo(SendStatus.Sent));
        Assert.That(outbox.TryAdd(Message(2, 50)), Is.EqualTo(SendStatus.Queued));
        Assert.That(outbox.TryAdd(Message(3, 1)), Is.EqualTo(SendStatus.Dropped));
        Assert.That(outbox.LengthBytes, Is.EqualTo(100));
        Assert.That(Take(outbox), Is.EqualTo(1));
        Assert.That(outbox.TryAdd(Message(4, 1)), Is.Not.EqualTo(SendStatus.Dropped));
        Assert.That((Take(outbox), Take(outbox), Take(outbox)), Is.EqualTo((2, 4, -1)));
    }

    [Test]
    public void One_message_larger_than_the_bound_may_wait_alone()
    {
        var outbox = new ClientOutbox(100, BackpressurePolicy.DropNewest);
        Assert.That(outbox.TryAdd(Message(1, 1_000)), Is.EqualTo(SendStatus.Queued));
        Assert.That(outbox.TryAdd(Message(2, 1)), Is.EqualTo(SendStatus.Dropped));
    }

    [Test]
    public void Oldest_give_way_and_are_counted()
    {
        var outbox = new ClientOutbox(100, BackpressurePolicy.DropOldest);
        int dropped = 0;
        outbox.Dropped += count => dropped += count;
        for (int i = 0; i < 10; i++)
        {
            outbox.TryAdd(Message(i, 30));
        }

        Assert.That(dropped, Is.EqualTo(7));
        Assert.That(Take(outbox), Is.EqualTo(7));
        outbox.Discard();
        Assert.That(dropped, Is.EqualTo(9));
        Assert.That(outbox.TryAdd(Message(1, 1)), Is.EqualTo(SendStatus.Closed));
    }

    [Test]
    [CancelAfter(10_000)]
    public async Task Add_waits_for_room_and_can_be_cancelled(CancellationToken cancellation)
    {
        var outbox = new ClientOutbox(100, BackpressurePolicy.Wait);
        await outbox.AddAsync(Message(1, 100), cancellation);
        Task<SendStatus> waiting = outbox.AddAsync(Message(2, 50), cancellation).AsTask();
        using var cancel = new CancellationTokenSource();
        Task<SendStatus> cancelled = outbox.AddAsync(Message(3, 50), cancel.Token).AsTask();
        Assert.That(waiting.IsCompleted, Is.False);
        await cancel.CancelAsync();
        await Assert.ThatAsync(() => cancelled, Throws.InstanceOf<OperationCanceledException>());
        Take(outbox);
        Assert.That(await waiting, Is.EqualTo(SendStatus.Sent));
        Task<SendStatus> late = outbox.AddAsync(Message(4, 90), cancellation).AsTask();
        outbox.Close();
        Assert.That(await late, Is.EqualTo(SendStatus.Closed));
    }

    [Test]
    [CancelAfter(10_000)]
    public async Task Who_waits_for_room_is_not_overtaken(CancellationToken cancellation)
    {
        var outbox = new ClientOutbox(100, BackpressurePolicy.Wait);
        Task<SendStatus> first = outbox.AddAsync(Message(1, 80), cancellation).AsTask();
        Task<SendStatus> second = outbox.AddAsync(Message(2, 80), cancellation).AsTask();
        Task<SendStatus> third = outbox.AddAsync(Message(3, 10), cancellation).AsTask();
        Assert.That((first.IsCompleted, second.IsCompleted, third.IsCompleted), Is.EqualTo((true, false, false)));
        Assert.That(outbox.TryAdd(Message(4, 10)), Is.EqualTo(SendStatus.Dropped), "there would be room, were there no line");
        Assert.That(Take(outbox), Is.EqualTo(1));
        await Task.WhenAll(second, third);
        Assert.That((Take(outbox), Take(outbox), Take(outbox)), Is.EqualTo((2, 3, -1)));
    }

    [Test]
    [CancelAfter(10_000)]
    public async Task Who_leaves_the_line_lets_smaller_ones_in(CancellationToken cancellation)
    {
        var outbox = new ClientOutbox(100, BackpressurePolicy.Wait);
        await outbox.AddAsync(Message(1, 50), cancellation);
        using var cancel = new CancellationTokenSource();
        Task<SendStatus> large = outbox.AddAsync(Message(2, 80), cancel.Token).AsTask();
        Task<SendStatus> small = outbox.AddAsync(Message(3, 20), cancellation).AsTask();
        await cancel.CancelAsync();
        await Assert.ThatAsync(() => large, Throws.InstanceOf<OperationCanceledException>());
        await small;
        Assert.That((Take(outbox), Take(outbox), Take(outbox)), Is.EqualTo((1, 3, -1)));
    }

    [Test]
    public void What_could_not_be_sent_goes_back_before_the_rest()
    {
        var outbox = new ClientOutbox(100, BackpressurePolicy.Wait);
        outbox.TryAdd(Message(3, 10));
        outbox.PutBack([Message(1, 10), Message(2, 10)]);
        Assert.That(outbox.LengthBytes, Is.EqualTo(30));
        Assert.That((Take(outbox), Take(outbox), Take(outbox)), Is.EqualTo((1, 2, 3)));
    }

    private static ClientMessage Message(byte id, int length)
    {
        byte[] payload = new byte[length];
        payload[0] = id;
        return ClientMessage.Copy(FrameOpcode.Binary, payload);
    }

    private static ClientMessage Message(int id, int length) => Message((byte)id, length);

    private static int Take(ClientOutbox outbox)
    {
        if (!outbox.TryTake(out ClientMessage message))
        {
            return -1;
        }

        int id = message.Payload.Span[0];
        message.Return();
        return id;
    }
}
