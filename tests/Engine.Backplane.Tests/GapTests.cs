using System.Globalization;
using Engine.PubSub;
using Engine.PubSub.Tests;

namespace Engine.Backplane.Tests;

/// <summary>What subscribers are told of messages that no broker keeps, while it is killed and started again.</summary>
[TestFixture("memory")]
[TestFixture("redis")]
[TestFixture("nats")]
[TestFixture("rabbitmq")]
[CancelAfter(180_000)]
internal sealed class GapTests(string name)
{
    [Test]
    public void Every_message_that_is_lost_with_the_broker_is_told_as_a_gap()
    {
        using BrokerUnderTest broker = BrokerUnderTest.Make(name, maxMessages: 100);
        Wait(Pool.Run(broker.StartAsync));
        IBackplane first = broker.Connect(), second = broker.Connect();
        Room[] rooms = [MakeRoom(first), MakeRoom(second)];
        Room.Guest[] guests = [.. rooms.Select(static room =>
        {
            Wait(Pool.Run(async () => Assert.That(await room.Hub.PrepareAsync("room"), Is.True)));
            Room.Guest guest = room.Enter();
            guest.Subscriber.Subscribe("room");
            return guest;
        })];
        using var ended = new CancellationTokenSource();
        int published = 0;
        Task publishing = Task.WhenAll(rooms.Select((room, index) => Pool.Run(async () =>
        {
            for (int i = 0; !ended.IsCancellationRequested; i++)
            {
                PublishResult result = await room.Hub.PublishAsync("room", new TopicMessage(string.Create(CultureInfo.InvariantCulture, $"{index}-{i}")));
                Assert.That(result.IsAccepted, Is.True);
                Interlocked.Increment(ref published);
                await Task.Delay(1);
            }
        })));
        List<string>[] heard = [[], []];
        Listen(() => Volatile.Read(ref published) > 200);
        broker.Kill();
        Task starting = Pool.Run(broker.StartAsync);
        Listen(() => starting.IsCompleted);
        Wait(starting);
        foreach (Room room in rooms)
        {
            Listen(() => room.Hub.Backplanes[0].Reconnects > 0);
            Wait(Pool.Run(async () => Assert.That(await room.Hub.PrepareAsync("room"), Is.True)));
        }

        int after = Volatile.Read(ref published) + 200;
        Listen(() => Volatile.Read(ref published) > after);
        ended.Cancel();
        Wait(publishing);
        for (int i = 0; i < 2; i++)
        {
            // What is published last is heard: nothing has happened to the broker since.
            string end = $"{i}-end";
            Assert.That(rooms[i].Hub.Publish("room", new TopicMessage(end)).IsAccepted, Is.True);
            List<string> lines = heard[1 - i];
            Listen(() => lines.Exists(line => line.EndsWith(end, StringComparison.Ordinal)));
        }

        int missed = 0;
        for (int i = 0; i < 2; i++)
        {
            missed += CountMissed(heard[i], from: 1 - i);
            Assert.That(rooms[i].Hub.Backplanes[0].Gaps, Is.Positive, "counted");
            Assert.That(heard[i].Count(static line => line.StartsWith('G')), Is.Positive, "told");
        }

        TestContext.Out.WriteLine($"{name}: {published} published, {missed} missed, {rooms.Sum(static room => room.Hub.Backplanes[0].Gaps)} gaps, "
            + $"{rooms.Sum(static room => room.Hub.Backplanes[0].Retries)} retries");
        foreach (Room room in rooms)
        {
            room.Close();
        }

        Wait(Pool.Run(async () =>
        {
            await first.DisposeAsync();
            await second.DisposeAsync();
        }));

        // The rooms' loops run on this thread.
        void Listen(Func<bool> until)
        {
            long startedAt = Environment.TickCount64;
            while (!until())
            {
                Assert.That(Environment.TickCount64 - startedAt, Is.LessThan(60_000), "it comes");
                for (int i = 0; i < 2; i++)
                {
                    heard[i].AddRange(guests[i].Lines());
                }

                Thread.Yield();
            }
        }
    }

    /// <summary>Counts what one publisher's numbers leave out, and finds a gap told before each number that does not follow the one before it.</summary>
    private static int CountMissed(List<string> lines, int from)
    {
        int next = 0, missed = 0;
        bool isTold = false;
        foreach (string line in lines)
        {
            string[] parts = line.Split('|');
            isTold |= parts[0] == "G";
            if (parts[0] != "M" || !parts[5].StartsWith($"{from}-", StringComparison.Ordinal) || !int.TryParse(parts[5].AsSpan(2), CultureInfo.InvariantCulture, out int number))
            {
                continue;
            }

            Assert.That(number, Is.GreaterThanOrEqualTo(next), "once, in order");
            Assert.That(number == next || isTold, Is.True, $"told before {line}, after {next - 1}");
            missed += number - next;
            next = number + 1;
            isTold = false;
        }

        return missed;
    }

    private static Room MakeRoom(IBackplane backplane)
    {
        var options = new TopicOptions(TopicKind.Ephemeral) { MaxMessages = 20_000, MaxBytes = 64 << 20 };
        return new Room(new TopicHubOptions { Backplane = new BackplaneOptions(backplane) { SubscribeTimeout = TimeSpan.FromSeconds(20) }, Default = options });
    }

    /// <summary>On the pool: the test's thread belongs to the rooms' loops.</summary>
    private static void Wait(Task task) => Assert.That(task.Wait(TimeSpan.FromSeconds(90)), Is.True, "it ends");
}
