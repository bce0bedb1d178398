using System.Globalization;
using System.Net;

namespace Engine.WebSockets.Tests;

/// <summary>The client against a server of ours, whose connections are reset and which is restarted.</summary>
[Category("Sockets")]
[CancelAfter(60_000)]
public sealed class TopicClientTests
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Loop_hears_what_is_published_and_the_acknowledgement_says_where_it_stands()
    {
        await using TopicServer server = await TopicServer.StartAsync();
        await using TopicClient client = server.Connect();
        var begun = new TaskCompletionSource<SubscribeResult>();
        TopicSubscription room = client.Subscribe("room", new TopicSubscribeOptions { OnSubscribed = result => begun.TrySetResult(result) });
        Assert.That((await begun.Task.WaitAsync(Cancellation)).Status, Is.EqualTo(SubscribeStatus.Subscribed));
        TopicAcknowledgement first = await client.PublishAsync("room", "a text", Cancellation);
        await client.PublishAsync("room", new TopicMessage("{}"u8.ToArray(), PayloadKind.Json) { Key = "k", EventType = "note", Version = 7 }, Cancellation);
        await client.PublishAsync("room", new TopicMessage(new byte[] { 0, 255 }), Cancellation);
        Assert.That((first.Topic, first.Position.Offset, first.IsDuplicate), Is.EqualTo(("room", 1UL, false)));
        List<ReceivedTopicMessage> heard = await ReadAsync(room, 3);
        Assert.That((heard[0].GetText(), heard[0].Kind, heard[0].Position, heard[0].Key), Is.EqualTo(("a text", PayloadKind.Text, first.Position, (string?)null)));
        Assert.That((heard[1].GetText(), heard[1].Kind, heard[1].Key, heard[1].EventType), Is.EqualTo(("{}", PayloadKind.Json, "k", "note")));
        Assert.That((heard[2].Payload.ToArray(), heard[2].Kind), Is.EqualTo((new byte[] { 0, 255 }, PayloadKind.Binary)));
        Assert.That((room.Kind, room.Position, client.PendingCount), Is.EqualTo((TopicKind.Stream, (TopicPosition?)heard[2].Position, 0)));
    }

    [Test]
    public async Task Callback_begins_with_the_last_messages_or_after_a_position()
    {
        await using TopicServer server = await TopicServer.StartAsync();
        TopicPosition[] positions = [.. Enumerable.Range(1, 5).Select(number => server.Hub.Publish("s", $"{number}").Position)];
        await using TopicClient client = server.Connect();
        Heard last = new(2);
        client.Subscribe("s", new TopicSubscribeOptions { LastCount = 2, OnMessage = last.Add }).Dispose();
        await using TopicClient other = server.Connect();
        other.Subscribe("s", new TopicSubscribeOptions { LastCount = 2, OnMessage = last.Add });
        Assert.That(await last.All.WaitAsync(Cancellation), Is.EqualTo(new[] { "4", "5" }), "the disposed one hears nothing");
        Heard after = new(3);
        client.Subscribe("s", new TopicSubscribeOptions { After = positions[1], OnMessage = after.Add });
        Assert.That(await after.All.WaitAsync(Cancellation), Is.EqualTo(new[] { "3", "4", "5" }));
    }

    [Test]
    public async Task Connections_that_are_reset_lose_no_message_and_double_none()
    {
        const int Count = 1_500;
        await using TopicServer server = await TopicServer.StartAsync(topics: new TopicOptions(TopicKind.Stream) { MaxMessages = 10_000, MaxBytes = 16 << 20 });
        await using TopicClient publisher = server.Connect();
        await using TopicClient reader = server.Connect();
        int gaps = 0;
        int losses = 0;
        reader.GapFound += _ => gaps++;
        reader.StatusChanged += state => losses += state.Status == TopicClientStatus.Waiting ? 1 : 0;
        var begun = new TaskCompletionSource();
        TopicSubscription room = reader.Subscribe("room", new TopicSubscribeOptions { OnSubscribed = _ => begun.TrySetResult() });
        await begun.Task.WaitAsync(Cancellation);
        Task<List<ReceivedTopicMessage>> reading = ReadAsync(room, Count);
        List<Task<TopicAcknowledgement>> publishing = [];
        for (int number = 1; number <= Count; number++)
        {
            publishing.Add(publisher.PublishAsync("room", number.ToString(CultureInfo.InvariantCulture), Cancellation));
            if (number % 100 == 0)
            {
                // In the middle of what is under way.
                await publishing[number - 50];
                server.Drop();
            }
        }

        TopicAcknowledgement[] acknowledgements = await Task.WhenAll(publishing).WaitAsync(Cancellation);
        List<ReceivedTopicMessage> heard = await reading.WaitAsync(Cancellation);
        Assert.That(heard.Select(static message => message.GetText()), Is.EqualTo(Enumerable.Range(1, Count).Select(static number => number.ToString(CultureInfo.InvariantCulture))));
        Assert.That(heard.Select(static message => message.Position), Is.EqualTo(acknowledgements.Select(static acknowledgement => acknowledgement.Position)));
        Assert.That(gaps, Is.Zero);
        Assert.That(losses, Is.GreaterThan(3), "connections were lost");
        await TestContext.Out.WriteLineAsync($"{losses} losses, {acknowledgements.Count(static acknowledgement => acknowledgement.IsDuplicate)} acknowledged as duplicates");
    }

    [Test]
    public async Task Restarted_server_gets_the_outbox_in_order_and_the_loss_is_told_in_its_place()
    {
        TopicServer first = await TopicServer.StartAsync(new TopicProtocolOptions { ReconnectWindow = TimeSpan.FromMilliseconds(30) });
        EndPoint endPoint = first.EndPoint;
        await using TopicClient client = first.Connect();
        List<string> told = [];
        Heard heard = new(21, told);
        var waiting = new TaskCompletionSource<TopicClientState>();
        client.StatusChanged += state => _ = state.Status == TopicClientStatus.Waiting && waiting.TrySetResult(state);
        client.Subscribe("room", new TopicSubscribeOptions { OnMessage = heard.Add, OnGap = _ => told.Add("gap"), LastCount = 100 });
        await client.PublishAsync("room", "before", Cancellation);
        await first.DisposeAsync();
        TopicClientState state = await waiting.Task.WaitAsync(Cancellation);
        Assert.That((state.Code, state.RetryIn), Is.EqualTo((1001, state.RetryIn)));
        Assert.That(state.RetryIn, Is.LessThan(TimeSpan.FromMilliseconds(30)), "the server's window");
        Task<TopicAcknowledgement>[] publishing = [.. Enumerable.Range(1, 20).Select(number => client.PublishAsync("room", $"{number}", Cancellation))];
        Assert.That(client.PendingCount, Is.EqualTo(20));
        await using TopicServer second = await TopicServer.StartAsync(endPoint: endPoint);
        await Task.WhenAll(publishing).WaitAsync(Cancellation);
        await heard.All.WaitAsync(Cancellation);
        Assert.That(told, Is.EqualTo(new[] { "before", "gap" }.Concat(Enumerable.Range(1, 20).Select(static number => $"{number}"))));
        Assert.That(client.PendingCount, Is.Zero);
    }

    [Test]
    public async Task Client_that_was_away_too_long_is_told_how_many_are_lost()
    {
        TopicServer first = await TopicServer.StartAsync(topics: new TopicOptions(TopicKind.Stream) { MaxMessages = 5 });
        await using TopicClient client = first.Connect();
        var gap = new TaskCompletionSource<TopicGap>();
        client.GapFound += found => gap.TrySetResult(found);
        TopicSubscription room = client.Subscribe("room", new TopicSubscribeOptions { OnSubscribed = _ => Publish(first.Hub, 1, 1) });
        await using IAsyncEnumerator<ReceivedTopicMessage> messages = room.GetAsyncEnumerator(Cancellation);
        Assert.That((await messages.MoveNextAsync(), messages.Current.GetText()), Is.EqualTo((true, "1")));
        var waiting = new TaskCompletionSource();
        client.StatusChanged += state =>
        {
            if (state.Status == TopicClientStatus.Waiting && waiting.TrySetResult())
            {
                // While it is away.
                Publish(first.Hub, 2, 11);
            }
        };
        first.Drop();
        Assert.That((await messages.MoveNextAsync(), messages.Current.GetText()), Is.EqualTo((true, "7")), "what is kept");
        Assert.That((await gap.Task.WaitAsync(Cancellation)).MissedCount, Is.EqualTo(5));
        await first.DisposeAsync();
    }

    [Test]
    public async Task Reader_without_room_leaves_the_rest_with_the_server_and_hears_it_in_order()
    {
        await using TopicServer server = await TopicServer.StartAsync();
        await using TopicClient client = server.Connect(static options => options.MaxQueuedMessages = 4);
        int begun = 0;
        var first = new TaskCompletionSource();
        TopicSubscription room = client.Subscribe("room", new TopicSubscribeOptions
        {
            OnSubscribed = _ =>
            {
                begun++;
                first.TrySetResult();
            },
        });
        await first.Task.WaitAsync(Cancellation);
        for (int number = 1; number <= 60; number++)
        {
            await client.PublishAsync("room", $"{number}", Cancellation);
        }

        List<ReceivedTopicMessage> heard = await ReadAsync(room, 60);
        Assert.That(heard.Select(static message => message.GetText()), Is.EqualTo(Enumerable.Range(1, 60).Select(static number => $"{number}")));
        Assert.That(begun, Is.GreaterThan(1), "it left the topic, and subscribed again when it had room");
    }

    [Test]
    public async Task Latest_topic_gives_the_newest_of_each_key_after_a_loss()
    {
        await using TopicServer server = await TopicServer.StartAsync(topics: new TopicOptions(TopicKind.Latest));
        server.Hub.Publish("price", new TopicMessage("1") { Key = "a" });
        server.Hub.Publish("price", new TopicMessage("2") { Key = "b" });
        await using TopicClient client = server.Connect();
        TopicSubscription prices = client.Subscribe("price");
        await using IAsyncEnumerator<ReceivedTopicMessage> messages = prices.GetAsyncEnumerator(Cancellation);
        Assert.That((await messages.MoveNextAsync(), messages.Current.Key), Is.EqualTo((true, "a")));
        Assert.That((await messages.MoveNextAsync(), messages.Current.Key), Is.EqualTo((true, "b")));
        client.StatusChanged += state =>
        {
            if (state.Status == TopicClientStatus.Waiting)
            {
                server.Hub.Publish("price", new TopicMessage("3") { Key = "a" });
                server.Hub.Publish("price", new TopicMessage("4") { Key = "a" });
            }
        };
        server.Drop();
        Assert.That((await messages.MoveNextAsync(), messages.Current.GetText()), Is.EqualTo((true, "4")), "not the one in between");
    }

    [Test]
    public async Task Each_attempt_asks_for_the_token_and_Connect_ends_the_wait()
    {
        List<string?> tokens = [];
        await using TopicServer server = await TopicServer.StartAsync(new TopicProtocolOptions
        {
            AuthenticateAsync = context =>
            {
                tokens.Add(context.Request.Headers["Authorization"]);
                context.Response.StatusCode = tokens.Count == 1 ? 401 : context.Response.StatusCode;
                return ValueTask.FromResult(tokens.Count == 1 ? null : new TopicPeer());
            },
        });
        int asked = 0;
        await using TopicClient client = server.Connect(options => options.Connection = new WebSocketClientOptions
        {
            MinReconnectDelay = TimeSpan.FromMinutes(10),
            MaxReconnectDelay = TimeSpan.FromMinutes(10),
            BeforeConnect = (attempt, _) =>
            {
                attempt.Headers["Authorization"] = $"Bearer {++asked}";
                return ValueTask.CompletedTask;
            },
        });
        client.StatusChanged += state =>
        {
            if (state.Status == TopicClientStatus.Waiting)
            {
                client.Connect();
            }
        };
        await client.PublishAsync("room", "x", Cancellation);
        Assert.That(tokens, Is.EqualTo(new[] { "Bearer 1", "Bearer 2" }));
    }

    [Test]
    public async Task Names_of_the_readers_own_keep_what_comes_twice_over_a_restart_out()
    {
        TopicServer first = await TopicServer.StartAsync();
        EndPoint endPoint = first.EndPoint;
        await using TopicClient client = first.Connect();
        Heard heard = new(3);
        client.Subscribe("room", new TopicSubscribeOptions { LastCount = 10, OnMessage = heard.Add, Unique = static message => message.Key });
        await client.PublishAsync("room", new TopicMessage("one") { Key = "1" }, Cancellation);
        await client.PublishAsync("room", new TopicMessage("two") { Key = "2" }, Cancellation);
        await first.DisposeAsync();
        await using TopicServer second = await TopicServer.StartAsync(endPoint: endPoint);
        second.Hub.Publish("room", new TopicMessage("two") { Key = "2" });
        second.Hub.Publish("room", new TopicMessage("three") { Key = "3" });
        Assert.That(await heard.All.WaitAsync(Cancellation), Is.EqualTo(new[] { "one", "two", "three" }));
    }

    [Test]
    public async Task Callback_that_throws_is_told_and_the_client_goes_on()
    {
        await using TopicServer server = await TopicServer.StartAsync();
        await using TopicClient client = server.Connect();
        Heard heard = new(2);
        List<string> faults = [];
        client.Faulted += exception => faults.Add(exception.Message);
        client.Subscribe("room", new TopicSubscribeOptions
        {
            LastCount = 5,
            OnMessage = message =>
            {
                heard.Add(message);
                throw new InvalidOperationException(message.GetText());
            },
        });
        await client.PublishAsync("room", "one", Cancellation);
        await client.PublishAsync("room", "two", Cancellation);
        await heard.All.WaitAsync(Cancellation);
        await client.DisposeAsync();
        Assert.That(faults, Is.EqualTo(new[] { "one", "two" }));
    }

    private static void Publish(TopicHub hub, int from, int to)
    {
        for (int number = from; number <= to; number++)
        {
            hub.Publish("room", number.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static async Task<List<ReceivedTopicMessage>> ReadAsync(TopicSubscription subscription, int count)
    {
        List<ReceivedTopicMessage> heard = [];
        await foreach (ReceivedTopicMessage message in subscription.WithCancellation(Cancellation))
        {
            heard.Add(message);
            if (heard.Count == count)
            {
                break;
            }
        }

        return heard;
    }

    /// <summary>The texts that a callback heard, and when there are so many.</summary>
    private sealed class Heard(int count, List<string>? texts = null)
    {
        private readonly TaskCompletionSource<IReadOnlyList<string>> _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<string> _texts = texts ?? [];
        private int _left = count;

        public Task<IReadOnlyList<string>> All => _all.Task;

        public void Add(ReceivedTopicMessage message)
        {
            _texts.Add(message.GetText());
            if (--_left == 0)
            {
                _all.TrySetResult(_texts);
            }
        }
    }
}
