using System.Globalization;
using System.Net.ServerSentEvents;
using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>Between replay and live no event is lost and none comes twice, on whatever thread a stream goes live while others publish.</summary>
public sealed class ReplayLoadTests(TransportKind transport) : BothTransports(transport)
{
    [Test]
    public async Task Streams_that_come_and_go_while_events_are_published_miss_none([Values] HandlerScheduling scheduling, CancellationToken cancellationToken)
    {
        const int Clients = 8;
        const int Rounds = 40;
        const int EventsPerRound = 25;
        const int MaxLead = 200;
        using var hub = new SseHub<int>(new SseHubOptions<int>
        {
            Topics = new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = 1_000_000, MaxBytes = 1 << 28 }, MaxLogBytes = 1 << 28 },
        });
        int sessions = 0;
        await StartAsync(
            server => server.MapSseHub("/hub", hub, _ =>
            {
                int session = Interlocked.Increment(ref sessions);
                return ValueTask.FromResult<SseTicket<int>?>(new SseTicket<int>($"{session}", session, "all"));
            }),
            scheduling);

        // Faster than a client can connect, slower than any queue would fill.
        int[] seen = new int[Clients];
        bool isDone = false;
        async Task PublishAsync()
        {
            for (int next = 0; !Volatile.Read(ref isDone); next++)
            {
                hub.Publish("all", new SseEvent($"{next}"));
                if (next - seen.Max() >= MaxLead)
                {
                    await Task.Delay(1, cancellationToken);
                }
            }
        }

        async Task ComeAndGoAsync(int client)
        {
            string? lastId = null;
            for (int round = 0; round < Rounds; round++)
            {
                using var reader = new SseClient(Address("/hub"), new SseClientOptions { LastEventId = lastId });
                int count = 0;
                await foreach (SseItem<string> item in reader.ReadAllAsync(cancellationToken))
                {
                    int number = int.Parse(item.Data, CultureInfo.InvariantCulture);
                    Assert.That(number, Is.EqualTo(lastId is null ? number : seen[client] + 1), "in order, once, without a gap");
                    seen[client] = number;
                    lastId = item.EventId;
                    if (++count == EventsPerRound)
                    {
                        break;
                    }
                }
            }
        }

        Task publishing = PublishAsync();
        try
        {
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(ComeAndGoAsync));
        }
        finally
        {
            Volatile.Write(ref isDone, true);
            await publishing;
        }

        await UntilAsync(() => hub.StreamCount == 0, cancellationToken);
        Assert.That(hub.Topics.Metrics.Gaps, Is.Zero);
    }
}
