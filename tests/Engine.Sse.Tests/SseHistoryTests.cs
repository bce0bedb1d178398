using System.Text;

namespace Engine.Sse.Tests;

/// <summary>What a channel remembers, by count, bytes and age.</summary>
public sealed class SseHistoryTests
{
    [Test]
    public void Events_behind_a_sequence_are_read_oldest_first()
    {
        SseHistory history = Filled(new SseHistory(maxEvents: 10), 1, 5);
        Assert.That(Read(history, 2, out bool isComplete), Is.EqualTo(new[] { "3", "4", "5" }));
        Assert.That(isComplete, Is.True);
        Assert.That(Read(history, 5, out isComplete), Is.Empty);
        Assert.That(isComplete, Is.True);
        Assert.That(Read(history, 0, out isComplete, maxEvents: 2), Is.EqualTo(new[] { "1", "2" }));
        Assert.That(isComplete, Is.True);
    }

    [Test]
    public void The_oldest_are_forgotten_past_maxEvents_and_whoever_needed_them_is_told()
    {
        SseHistory history = Filled(new SseHistory(maxEvents: 3), 1, 100);
        Assert.That(history.Count, Is.EqualTo(3));
        Assert.That(Read(history, 97, out bool isComplete), Is.EqualTo(new[] { "98", "99", "100" }));
        Assert.That(isComplete, Is.True);
        Assert.That(Read(history, 96, out isComplete), Is.EqualTo(new[] { "98", "99", "100" }));
        Assert.That(isComplete, Is.False);
    }

    [Test]
    public void The_oldest_are_forgotten_past_maxBytes()
    {
        var history = new SseHistory(maxBytes: 10);
        Append(history, 1, "aaaa");
        Append(history, 2, "bbbb");
        Append(history, 3, "cc");
        Assert.That(history.LengthBytes, Is.EqualTo(10));
        Append(history, 4, "d");
        Assert.That(Read(history, 1, out bool isComplete), Is.EqualTo(new[] { "bbbb", "cc", "d" }));
        Assert.That(isComplete, Is.True);
        Assert.That(history.LengthBytes, Is.EqualTo(7));
    }

    [Test]
    public void An_event_larger_than_maxBytes_is_a_gap()
    {
        var history = new SseHistory(maxBytes: 10);
        Append(history, 1, "a");
        Append(history, 2, new string('b', 11));
        Append(history, 3, "c");
        Assert.That(Read(history, 1, out bool isComplete), Is.EqualTo(new[] { "c" }));
        Assert.That(isComplete, Is.False);
        Assert.That(Read(history, 2, out isComplete), Is.EqualTo(new[] { "c" }));
        Assert.That(isComplete, Is.True);
    }

    [Test]
    public void Events_are_forgotten_past_maxAge()
    {
        var clock = new ManualClock();
        var history = new SseHistory(maxAge: TimeSpan.FromSeconds(10), clock: clock);
        Append(history, 1, "a");
        clock.Advance(TimeSpan.FromSeconds(6));
        Append(history, 2, "b");
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.That(Read(history, 0, out bool isComplete), Is.EqualTo(new[] { "b" }));
        Assert.That(isComplete, Is.False);
        Assert.That(history.IsEmpty, Is.False);
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.That(history.IsEmpty, Is.True);
    }

    [Test]
    public void References_are_given_back_when_events_are_forgotten()
    {
        var history = new SseHistory(maxEvents: 1);
        int released = 0;
        for (int i = 1; i <= 3; i++)
        {
            SharedSegment segment = SharedSegment.Wrap("x"u8.ToArray(), _ => released++);
            history.Append(i, segment);
            segment.Release();
        }

        Assert.That(released, Is.EqualTo(2));
        history.Clear();
        Assert.That(released, Is.EqualTo(3));
    }

    [Test]
    public void Bounds_below_their_least_are_refused()
    {
        Assert.That(static () => new SseHistory(maxEvents: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(static () => new SseHistory(maxBytes: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(static () => new SseHistory(maxAge: TimeSpan.Zero), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static SseHistory Filled(SseHistory history, int first, int last)
    {
        for (int i = first; i <= last; i++)
        {
            Append(history, i, $"{i}");
        }

        return history;
    }

    private static void Append(SseHistory history, long sequence, string text)
    {
        SharedSegment segment = SharedSegment.Copy(Encoding.UTF8.GetBytes(text));
        history.Append(sequence, segment);
        segment.Release();
    }

    private static string[] Read(SseHistory history, long sequence, out bool isComplete, int maxEvents = int.MaxValue)
    {
        var entries = new List<SseHistoryEntry>();
        isComplete = history.TryReadAfter(sequence, maxEvents, entries);
        string[] texts = [.. entries.Select(static entry => Encoding.UTF8.GetString(entry.Prepared.Memory.Span))];
        entries.ForEach(static entry => entry.Prepared.Release());
        return texts;
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
