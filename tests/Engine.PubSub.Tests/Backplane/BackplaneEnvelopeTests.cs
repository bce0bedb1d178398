using System.Text;

namespace Engine.PubSub.Tests;

public sealed class BackplaneEnvelopeTests
{
    [TestCase(null, null, false, false, PayloadKind.Text)]
    [TestCase("", "", true, false, PayloadKind.Json)]
    [TestCase("clé", "prix", false, true, PayloadKind.Binary)]
    public void Envelope_carries_a_message_whole(string? key, string? type, bool isRemoval, bool isPlain, PayloadKind kind)
    {
        var message = new TopicMessage("hello"u8.ToArray(), kind) { Key = key, EventType = type, IsRemoval = isRemoval, NeverCompress = isPlain };
        byte[] bytes = BackplaneEnvelope.Write(message.Payload.Span, message, origin: 7, except: 9);
        BackplaneEnvelope.SetSequence(bytes, 12, 11);
        Assert.That(bytes, Has.Length.LessThanOrEqualTo(5 + Encoding.UTF8.GetByteCount((key ?? "") + type) + BackplaneEnvelope.MaxOverheadBytes));
        Assert.That(BackplaneEnvelope.TryRead(bytes, out BackplaneEnvelope read), Is.True);
        Assert.That((read.Origin, read.Sequence, read.PreviousSequence, read.Except), Is.EqualTo((7ul, 12L, 11L, 9L)));
        Assert.That(read.Message.Payload.ToArray(), Is.EqualTo("hello"u8.ToArray()));
        Assert.That((read.Message.Key, read.Message.EventType, read.Message.IsRemoval, read.Message.NeverCompress, read.Message.Kind), Is.EqualTo((key, type, isRemoval, isPlain, kind)));
    }

    [Test]
    public void What_is_no_envelope_is_refused_at_every_cut()
    {
        var message = new TopicMessage("") { Key = "key", EventType = "type" };
        byte[] bytes = BackplaneEnvelope.Write([], message, 1, 0);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.That(BackplaneEnvelope.TryRead(bytes.AsMemory(0, length), out _), Is.False, $"{length} bytes");
        }

        bytes[0] = 2;
        Assert.That(BackplaneEnvelope.TryRead(bytes, out _), Is.False, "a later version");
    }
}
