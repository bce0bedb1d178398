using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text;

namespace Engine.Sse.Tests;

/// <summary>Many events, many streams, large events, frozen readers: over real sockets, each bounded to a few seconds.</summary>
public sealed class LoadTests(TransportKind transport) : BothTransports(transport)
{
    [Test]
    public async Task A_million_events_arrive_in_order_in_constant_memory(CancellationToken cancellationToken)
    {
        const int Count = 1_000_000;
        const int WarmCount = 100_000;
        var warm = new TaskCompletionSource();
        await StartAsync(server => server.MapSse("/events", async (stream, ct) =>
        {
            byte[] number = new byte[20];
            for (int i = 0; i < Count; i++)
            {
                if (i == WarmCount)
                {
                    await warm.Task;
                }

                Utf8Formatter.TryFormat(i, number, out int length);
                switch (stream.TrySend(new SseEvent(null) { Utf8Data = number.AsMemory(0, length) }))
                {
                    case SendStatus.Queued:
                        await stream.WhenWritableAsync(ct);
                        break;
                    case SendStatus.Dropped:
                        i--;
                        await stream.WhenWritableAsync(ct);
                        break;
                }
            }

            Assert.That(stream.EventCount, Is.EqualTo(Count));
            await Task.Delay(Timeout.Infinite, ct);
        }));
        using var reader = new NumberedReader();
        await reader.ConnectAsync(Server.EndPoint, "/events", cancellationToken);
        Assert.That(await reader.ReadAsync(WarmCount, cancellationToken), Is.True);
        long memoryBefore = GC.GetTotalMemory(forceFullCollection: true);
        long allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        warm.SetResult();
        Assert.That(await reader.ReadAsync(Count, cancellationToken), Is.True);
        double allocated = (GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore) / (double)(Count - WarmCount);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - memoryBefore;
        TestContext.Out.WriteLine($"{allocated:F2} bytes allocated an event, memory grown by {grown} bytes");
        Assert.That(reader.SawGap, Is.False);
        Assert.That(reader.Count, Is.EqualTo(Count));
        Assert.That(allocated, Is.LessThan(8), "bytes an event, those of the test's own reading included");
        Assert.That(grown, Is.LessThan(1 << 20));
    }

    [Test]
    public async Task Thousands_of_streams_that_come_and_go_leave_nothing(CancellationToken cancellationToken)
    {
        const int Count = 5000;
        const int AtOnce = 100;
        int handlers = 0;
        int told = 0;
        int sessions = 0;
        using var hub = new SseHub<int>(new SseHubOptions<int>
        {
            Topics = new TopicHubOptions { Default = new TopicOptions(TopicKind.Ephemeral) },
            OnConnected = _ => Interlocked.Increment(ref told),
            OnDisconnected = _ => Interlocked.Decrement(ref told),
        });
        await StartAsync(server =>
        {
            server.MapSse("/0", async (stream, ct) =>
            {
                Interlocked.Increment(ref handlers);
                try
                {
                    await stream.SendAsync(new SseEvent("0"), ct);
                    await Task.Delay(Timeout.Infinite, ct);
                }
                finally
                {
                    Interlocked.Decrement(ref handlers);
                }
            });
            server.MapSseHub("/1", hub, _ =>
            {
                int session = Interlocked.Increment(ref sessions);
                return ValueTask.FromResult<SseTicket<int>?>(new SseTicket<int>($"{session}", session, $"channel {session % 7}"));
            }, new SseOptions { ReconnectionInterval = TimeSpan.FromSeconds(1), CoalescingInterval = TimeSpan.FromMilliseconds(1) });
        });
        async Task OpenAndCloseAsync(int number)
        {
            using var reader = new NumberedReader(bufferBytes: 512);
            await reader.ConnectAsync(Server.EndPoint, $"/{number % 2}", cancellationToken);
            if (number % 2 == 0)
            {
                Assert.That(await reader.ReadAsync(1, cancellationToken), Is.True);
            }
            else if (number % 3 == 0)
            {
                hub.PublishToAll(new SseEvent("0"));
                await reader.ReadAsync(1, cancellationToken);
            }

            reader.End(abortive: number % 5 < 3);
        }

        long memoryBefore = 0;
        for (int done = 0; done < Count; done += AtOnce)
        {
            if (done == Count / 5)
            {
                memoryBefore = GC.GetTotalMemory(forceFullCollection: true);
            }

            // Whoever waits for an event of the hub gets it, at the latest when all of the batch have come.
            Task[] batch = [.. Enumerable.Range(done, AtOnce).Select(OpenAndCloseAsync)];
            Task all = Task.WhenAll(batch);
            while (await Task.WhenAny(all, Task.Delay(20, cancellationToken)) != all)
            {
                hub.PublishToAll(new SseEvent("0"));
            }

            await all;
        }

        EngineMetrics metrics = Server.Engine.Metrics;
        await UntilAsync(
            () => metrics.ConnectionsOpen == 0 && metrics.ConnectionsClosed == metrics.ConnectionsAccepted && Volatile.Read(ref handlers) == 0 && hub.StreamCount == 0,
            cancellationToken,
            () => $"{metrics.ConnectionsOpen} connections open, {metrics.ConnectionsClosed} of {metrics.ConnectionsAccepted} closed, {handlers} handlers, {hub.StreamCount} of the hub's streams, {told} not told");
        Assert.That(metrics.ConnectionsAccepted, Is.EqualTo(Count));
        Assert.That(hub.SessionCount, Is.Zero);
        Assert.That(hub.ChannelCount, Is.Zero);
        Assert.That(told, Is.Zero, "every connect has its disconnect");
        Assert.That(metrics.RentedSegments, Is.Zero);
        Assert.That(metrics.RentedRemainders, Is.Zero);
        Assert.That(metrics.QueuedBytes, Is.Zero);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - memoryBefore;
        TestContext.Out.WriteLine($"memory grown by {grown} bytes");
        Assert.That(grown, Is.LessThan(2 << 20));
    }

    [Test]
    public async Task Frozen_readers_keep_nobody_and_get_all_or_are_told_when_they_read_again(CancellationToken cancellationToken)
    {
        const int Streams = 1000;
        const int Frozen = 10;
        const int Round = 8;
        const int Kept = 64;
        var connections = new ConcurrentDictionary<string, Connection>();
        using var hub = new SseHub<string>(new SseHubOptions<string> { Topics = new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = Kept } } });
        await StartAsync(server => server.MapSseHub("/{session}", hub, context =>
        {
            string session = context.RouteParameters["session"]!;
            connections[session] = context.Connection;
            return ValueTask.FromResult<SseTicket<string>?>(new SseTicket<string>(session, session, "all"));
        }));
        var readers = new NumberedReader[Streams];
        for (int i = 0; i < Streams; i++)
        {
            readers[i] = i < Frozen ? new NumberedReader(kernelBufferBytes: 2048) : new NumberedReader(bufferBytes: 8192);
            await readers[i].ConnectAsync(Server.EndPoint, $"/{i}", cancellationToken);
        }

        await UntilAsync(() => hub.StreamCount == Streams, cancellationToken);
        string padding = new('x', 4000);
        int published = 0;
        int behind = 0;
        while (published < 4 * Kept || behind < Frozen)
        {
            Assert.That(published, Is.LessThan(10_000), "frozen readers take no more than kernels hold");
            for (int i = 0; i < Round; i++, published++)
            {
                behind = hub.Publish("all", new SseEvent($"{published} {padding}")).Behind;
            }

            // Those who read keep up, so nothing but freezing can make one slow.
            await Task.WhenAll(readers.Skip(Frozen).Select(reader => reader.ReadAsync(published, cancellationToken)));
        }

        foreach (NumberedReader reader in readers.Skip(Frozen))
        {
            Assert.That(reader.Count, Is.EqualTo(published));
            Assert.That(reader.SawGap, Is.False);
        }

        foreach (NumberedReader reader in readers.Take(Frozen))
        {
            Assert.That(connections.Values.Max(static connection => connection.BufferedBytes), Is.LessThanOrEqualTo(64 << 10));
        }

        // Thawed, they read what waited for them, are told what they missed, and get the rest: in order.
        NumberedReader[] thawed = [.. readers.Take(Frozen)];
        Task reading = Task.WhenAll(thawed.Select(reader => reader.ReadUntilAsync(published, cancellationToken)));
        await UntilAsync(() => hub.Publish("none", new SseEvent("x")).Behind == 0 && connections.Values.All(static connection => connection.BufferedBytes == 0), cancellationToken);
        hub.Publish("all", new SseEvent($"{published}"));
        await reading;
        Assert.That(thawed.Count(static reader => reader.SawGap), Is.EqualTo(hub.Topics.Metrics.Gaps), "each gap was told, once");
        Assert.That(thawed, Has.Some.Property(nameof(NumberedReader.SawGap)).True);
        Assert.That(thawed, Has.All.Property(nameof(NumberedReader.SawDisorder)).False);
        Array.ForEach(readers, static reader => reader.Dispose());
    }

    [Test]
    public async Task Several_publishers_keep_the_hubs_order_on_every_loop(CancellationToken cancellationToken)
    {
        const int Publishers = 4;
        const int Count = 1000;
        const int Streams = 20;

        // Publishers in a hurry may be done before the last stream goes live, or before anybody reads: history and queues hold it all.
        using var hub = new SseHub<int>(new SseHubOptions<int>
        {
            Topics = new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = Publishers * Count, MaxBytes = 1 << 24 } },
        });
        int sessions = 0;
        await StartAsync(
            server => server.MapSseHub("/hub", hub, _ =>
            {
                int session = Interlocked.Increment(ref sessions);
                return ValueTask.FromResult<SseTicket<int>?>(new SseTicket<int>($"{session}", session, "all"));
            }),
            maxOutboundBytes: 1 << 20);
        async Task<List<SseItem<string>>> ReadAsync()
        {
            using var client = new SseClient(Address("/hub"));
            var items = new List<SseItem<string>>();
            await foreach (SseItem<string> item in client.ReadAllAsync(cancellationToken))
            {
                items.Add(item);
                if (items.Count == Publishers * Count)
                {
                    break;
                }
            }

            return items;
        }

        Task<List<SseItem<string>>>[] readings = [.. Enumerable.Range(0, Streams).Select(_ => ReadAsync())];
        await UntilAsync(() => hub.StreamCount == Streams, cancellationToken);
        Thread[] publishers = [.. Enumerable.Range(0, Publishers).Select(publisher => new Thread(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                hub.Publish("all", new SseEvent($"{(i * Publishers) + publisher}"));
            }
        }))];
        Array.ForEach(publishers, static thread => thread.Start());
        foreach (List<SseItem<string>> items in await Task.WhenAll(readings))
        {
            Assert.That(items.Select(static item => ulong.Parse(item.EventId!.Split('-')[1], CultureInfo.InvariantCulture)), Is.Ordered.And.Unique);
            foreach (IGrouping<int, int> own in items.Select(static item => int.Parse(item.Data, CultureInfo.InvariantCulture)).GroupBy(static number => number % Publishers))
            {
                Assert.That(own, Is.Ordered);
            }
        }

        Assert.That(hub.Topics.Metrics.Gaps, Is.Zero);
    }

    [Test]
    public async Task An_event_of_ten_megabytes_keeps_its_place_between_small_ones(CancellationToken cancellationToken)
    {
        string large = string.Create(10 << 20, 0, static (text, _) =>
        {
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = (char)('a' + (i * 7 % 26));
            }
        });
        await StartAsync(server => server.MapSse("/events", async (stream, ct) =>
        {
            for (int round = 0; round < 2; round++)
            {
                stream.TrySend(new SseEvent("before"));
                ValueTask<SendStatus> sending = stream.SendAsync(new SseEvent(large), ct);
                await stream.SendAsync(new SseEvent("behind"), ct);
                Assert.That(await sending, Is.Not.EqualTo(SendStatus.Closed));
            }
        }, new SseOptions { CoalescingInterval = TimeSpan.FromMilliseconds(5) }));
        using var client = new SseClient(Address("/events"));
        var read = new List<string>();
        await foreach (SseItem<string> item in client.ReadAllAsync(cancellationToken))
        {
            read.Add(item.Data.Length > 100 ? item.Data == large ? "large" : "torn" : item.Data);
            if (read.Count == 6)
            {
                break;
            }
        }

        Assert.That(read, Is.EqualTo(new[] { "before", "large", "behind", "before", "large", "behind" }));
    }

    [Test]
    public async Task Characters_of_several_bytes_survive_every_border(CancellationToken cancellationToken)
    {
        // Each length puts the borders of blocks and of shared pieces elsewhere within the characters.
        string[] texts = [.. Enumerable.Range(1, 300).Select(static number => Text((number % 4) + (number * 37 % 6000)))];
        await StartAsync(server => server.MapSse("/events", async (stream, ct) =>
        {
            foreach (string text in texts)
            {
                await stream.SendAsync(new SseEvent(text) { EventType = "größe", Comment = "ü" }, ct);
            }

            await stream.SendAsync(new SseEvent(Text(200_000)), ct);
        }));
        using var client = new SseClient(Address("/events"));
        int count = 0;
        await foreach (SseItem<string> item in client.ReadAllAsync(cancellationToken))
        {
            if (count == texts.Length)
            {
                Assert.That(item.Data, Is.EqualTo(Text(200_000)));
                break;
            }

            Assert.That(item.Data, Is.EqualTo(texts[count++]));
            Assert.That(item.EventType, Is.EqualTo("größe"));
        }

        static string Text(int length)
        {
            var text = new StringBuilder();
            for (int i = 0; text.Length < length; i++)
            {
                text.Append((i % 4) switch { 0 => "a", 1 => "é", 2 => "€", _ => "😀" });
            }

            return text.ToString();
        }
    }
}
