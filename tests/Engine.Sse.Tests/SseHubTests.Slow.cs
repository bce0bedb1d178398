namespace Engine.Sse.Tests;

/// <summary>Readers that stop reading, and go on.</summary>
public sealed partial class SseHubTests
{
    [Test]
    public void Frozen_reader_gets_everything_when_it_reads_again_and_the_others_at_once()
    {
        Start();
        HubClient slow = Connect("slow", "red");
        HubClient fast = Connect("fast", "red");
        slow.Peer.RoomBytes = 0;
        Flood(fast, 200);
        Assert.That(_hub.Publish("red", new SseEvent("200")), Is.EqualTo(new SsePublishResult(1, 1, 0)));
        Thaw(slow);
        Assert.That(Numbers(slow), Is.EqualTo(Enumerable.Range(0, 201).Select(static number => $"{number}")));
        Assert.That(_hub.Topics.Metrics.Gaps, Is.Zero);
    }

    [Test]
    public void Frozen_reader_that_was_overtaken_is_told_what_it_missed_and_gets_the_rest()
    {
        Start(static options => options.Topics.Default.MaxMessages = 10);
        HubClient slow = Connect("slow", "red");
        HubClient fast = Connect("fast", "red");
        slow.Peer.RoomBytes = 0;
        Flood(fast, 200);
        Thaw(slow);
        string text = slow.Take();
        string[] numbers = [.. HubClient.Data(text).Where(static line => char.IsDigit(line[0]))];
        Assert.That(numbers[^10..], Is.EqualTo(Enumerable.Range(190, 10).Select(static number => $"{number}")));
        Assert.That(text, Does.Contain($"\"missed\":{200 - numbers.Length}}}"), "all others");
        _hub.Publish("red", new SseEvent("live again"));
        Assert.That(slow.TakeData(), Is.EqualTo("live again"));
    }

    [Test]
    public void Frozen_reader_that_was_overtaken_is_ended_when_the_channel_says_so()
    {
        Start(static options =>
        {
            options.Topics.Default.MaxMessages = 10;
            options.Topics.Default.Overtaken = OvertakenPolicy.Close;
        });
        HubClient slow = Connect("slow", "red");
        HubClient fast = Connect("fast", "red");
        slow.Peer.RoomBytes = 0;
        Flood(fast, 200);
        Thaw(slow);
        Assert.That(_server.RunUntil(() => _hub.SessionCount == 1, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(_told, Is.EqualTo(new[] { "+slow", "+fast", "-slow" }));
    }

    [Test]
    public void Slow_reader_of_what_is_sent_to_its_session_gets_all_of_it()
    {
        Start();
        HubClient slow = Connect("slow");
        slow.Peer.RoomBytes = 0;
        string padding = new('x', 1000);
        for (int i = 0; i < 200; i++)
        {
            Assert.That(_hub.SendTo("slow", new SseEvent($"{i}\n{padding}")).Status, Is.EqualTo(PublishStatus.Published));
            _server.RunUntilIdle();
        }

        Thaw(slow);
        string text = slow.Take();
        Assert.That(HubClient.Data(text).Where(static line => line[0] != 'x'), Is.EqualTo(Enumerable.Range(0, 200).Select(static number => $"{number}")));
        Assert.That(text, Does.Not.Contain("id: "));
    }

    /// <summary>Publishes numbered events of about 1 KB, which the fast one reads.</summary>
    private void Flood(HubClient fast, int count)
    {
        string padding = new('x', 1000);
        var received = new List<string>();
        for (int i = 0; i < count; i++)
        {
            _hub.Publish("red", new SseEvent($"{i}\n{padding}"));
            _server.RunUntilIdle();
            received.AddRange(Numbers(fast));
        }

        Assert.That(received, Is.EqualTo(Enumerable.Range(0, count).Select(static number => $"{number}")));
    }

    private void Thaw(HubClient slow)
    {
        slow.Peer.RoomBytes = int.MaxValue;
        slow.Peer.AddRoom(0);
        _server.RunUntilIdle();
    }
}
