using System.Text;

namespace Engine.Sse.Tests;

/// <summary>Ids that are written late and read back.</summary>
public sealed class SseEventIdsTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(long.MaxValue)]
    public void A_number_is_written_into_a_formatted_event_and_read_back(long sequence)
    {
        var ids = new SseEventIds();
        byte[] formatted = new EventBufferPool().Format(new SseEvent("x") { Id = ids.Blank, Comment = "c" }).Span.ToArray();
        SseEventIds.Write(formatted, sequence);
        Assert.That(Encoding.ASCII.GetString(formatted), Is.EqualTo($"id: {ids.Of(sequence)}\n: c\ndata: x\n\n"));
        Assert.That(formatted[SseEventIds.LineBytes - 1], Is.EqualTo((byte)'\n'));
        Assert.That(ids.TryRead(ids.Of(sequence), out long read), Is.True);
        Assert.That(read, Is.EqualTo(sequence));
    }

    [Test]
    public void An_id_of_another_hub_or_shape_is_not_ours()
    {
        var ids = new SseEventIds();
        string mine = ids.Of(1);
        Assert.That(ids.TryRead(new SseEventIds().Of(1), out _), Is.False);
        Assert.That(ids.TryRead("", out _), Is.False);
        Assert.That(ids.TryRead(mine[..^1], out _), Is.False);
        Assert.That(ids.TryRead(mine + "0", out _), Is.False);
        Assert.That(ids.TryRead(mine[..^1] + "g", out _), Is.False);
        Assert.That(ids.TryRead(mine[..^1] + "é", out _), Is.False);
        Assert.That(ids.TryRead(mine[..9] + "8000000000000000", out _), Is.False, "negative");
    }
}
