using System.Net;

namespace Engine.WebSockets.Tests;

/// <summary>What becomes of messages that wait: once, refused, taken back, or failed with the client.</summary>
[Category("Sockets")]
[CancelAfter(60_000)]
public sealed class TopicClientPublishTests
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Acknowledgement_that_was_lost_comes_with_the_second_try_and_the_topic_has_the_message_once()
    {
        var lost = new TaskCompletionSource();
        TopicServer? server = null;
        int tries = 0;
        server = await TopicServer.StartAsync(new TopicProtocolOptions
        {
            AuthorizePublishAsync = async (_, _) =>
            {
                if (++tries == 1)
                {
                    // It is published once the client has lost the connection, and before it comes back: this goes on from within the client's callback.
                    server!.Drop();
                    await lost.Task;
                }

                return true;
            },
        });
        await using (server)
        {
            await using TopicClient client = server.Connect();
            client.StatusChanged += state => _ = state.Status == TopicClientStatus.Waiting && lost.TrySetResult();
            TopicAcknowledgement acknowledgement = await client.PublishAsync("room", "pay", Cancellation);
            Assert.That((tries, acknowledgement.IsDuplicate, acknowledgement.Position.Offset), Is.EqualTo((2, true, 1UL)));
            Assert.That((await client.PublishAsync("room", "next", Cancellation)).Position.Offset, Is.EqualTo(2));
        }
    }

    [Test]
    public async Task What_the_server_refuses_fails_with_its_code()
    {
        await using TopicServer server = await TopicServer.StartAsync(new TopicProtocolOptions
        {
            AuthorizeSubscribeAsync = static (_, topic) => ValueTask.FromResult(topic == "open"),
            AuthorizePublishAsync = static (_, topic) => ValueTask.FromResult(topic == "open"),
        });
        await using TopicClient client = server.Connect();
        TopicSubscription closed = client.Subscribe("closed");
        Assert.That((await RefusalAsync(async () => await closed.FirstAsync(Cancellation))).Code, Is.EqualTo("forbidden"));
        Assert.That((await RefusalAsync(() => client.PublishAsync("closed", "x", Cancellation))).Code, Is.EqualTo("forbidden"));
        Assert.That((await client.PublishAsync("open", "x", Cancellation)).Position.Offset, Is.EqualTo(1));
        client.Subscribe("closed").Dispose();
        client.Subscribe("open");
        Assert.That(() => client.Subscribe("open"), Throws.InvalidOperationException);
        Assert.That(() => client.PublishAsync("open", new TopicMessage("") { IsRemoval = true }, Cancellation), Throws.ArgumentException);
    }

    [Test]
    public async Task Outbox_is_bounded_and_a_message_that_was_not_sent_can_be_taken_back()
    {
        TopicServer server = await TopicServer.StartAsync();
        EndPoint endPoint = server.EndPoint;
        await using TopicClient client = server.Connect(static options => options.MaxOutboxMessages = 2);
        await server.DisposeAsync();
        Task<TopicAcknowledgement> kept = client.PublishAsync("room", "kept", Cancellation);
        using var taking = new CancellationTokenSource();
        Task<TopicAcknowledgement> taken = client.PublishAsync("room", "taken back", taking.Token);
        TopicException refusal = await RefusalAsync(() => client.PublishAsync("room", "too many", Cancellation));
        Assert.That((refusal.Code, refusal.MayRetry), Is.EqualTo(("outboxFull", true)));
        await taking.CancelAsync();
        Assert.That(async () => await taken, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(client.PendingCount, Is.EqualTo(1));
        await using TopicServer second = await TopicServer.StartAsync(endPoint: endPoint);
        Assert.That((await kept.WaitAsync(Cancellation)).Position.Offset, Is.EqualTo(1));
        Assert.That((await client.PublishAsync("room", "next", Cancellation)).Position.Offset, Is.EqualTo(2), "what was taken back was not published");
    }

    [Test]
    public async Task Server_that_closes_for_good_ends_the_client_until_it_connects_again()
    {
        bool isKnown = false;
        await using TopicServer server = await TopicServer.StartAsync(new TopicProtocolOptions { AuthenticateAsync = _ => ValueTask.FromResult(isKnown ? new TopicPeer() : null) });
        await using TopicClient client = server.Connect();
        var closed = new TaskCompletionSource<TopicClientState>();
        client.StatusChanged += state => _ = state.Status == TopicClientStatus.Closed && closed.TrySetResult(state);
        Task<TopicAcknowledgement> waiting = client.PublishAsync("room", "x", Cancellation);
        Assert.That((await closed.Task.WaitAsync(Cancellation)).Code, Is.EqualTo(403));
        Assert.That((await RefusalAsync(() => waiting)).Code, Is.EqualTo("refused"));
        Assert.That((await RefusalAsync(() => client.PublishAsync("room", "x", Cancellation))).Code, Is.EqualTo("refused"));
        isKnown = true;
        var open = new TaskCompletionSource();
        client.StatusChanged += state => _ = state.Status == TopicClientStatus.Open && open.TrySetResult();
        client.Connect();
        await open.Task.WaitAsync(Cancellation);
        Assert.That((await client.PublishAsync("room", "x", Cancellation)).Position.Offset, Is.EqualTo(1));
    }

    [Test]
    public async Task Disposed_client_ends_its_loops_and_fails_what_waits()
    {
        TopicServer server = await TopicServer.StartAsync();
        TopicClient client = server.Connect();
        TopicSubscription room = client.Subscribe("room");
        await client.PublishAsync("room", "x", Cancellation);
        await server.DisposeAsync();
        Task<TopicAcknowledgement> waiting = client.PublishAsync("room", "y", Cancellation);
        Task<int> reading = room.CountAsync(Cancellation).AsTask();
        await client.DisposeAsync();
        Assert.That((await RefusalAsync(() => waiting)).Code, Is.EqualTo("closed"));
        Assert.That(await reading.WaitAsync(Cancellation), Is.LessThan(2));
        Assert.That(client.Status, Is.EqualTo(TopicClientStatus.Closed));
        Assert.That(() => client.Subscribe("room"), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(client.Connect, Throws.InstanceOf<ObjectDisposedException>());
    }

    private static async Task<TopicException> RefusalAsync(Func<Task> action)
        => (await Assert.ThrowsAsync<TopicException>(async () => await action().WaitAsync(Cancellation)))!;
}
