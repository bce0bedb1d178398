namespace Engine.WebSockets.Tests;

/// <summary>Who owns a received message, and what is left of it afterwards.</summary>
[Category("Memory")]
public sealed class ReceivedMessageTests
{
    [Test]
    public void Taken_message_is_gone_when_it_is_disposed_also_through_a_copy()
    {
        ReceivedMessage? taken = null;
        var dialogue = new Dialogue(onMessage: (_, message) =>
        {
            taken = message.Take();
            return ValueTask.CompletedTask;
        });
        dialogue.Send(Wire.Text("kept"));
        ReceivedMessage first = taken!.Value;
        ReceivedMessage copy = first;
        Assert.That(first.GetText(), Is.EqualTo("kept"));
        first.Dispose();
        copy.Dispose();
        Assert.That(() => copy.Data, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => first.GetText(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Empty_message_and_the_default_have_no_bytes()
    {
        ReceivedMessage? taken = null;
        var dialogue = new Dialogue(onMessage: (_, message) =>
        {
            taken = message.Take();
            return ValueTask.CompletedTask;
        });
        dialogue.Send(Wire.Text(""));
        using (taken!.Value)
        {
            Assert.That(taken.Value.Data.IsEmpty, Is.True);
        }

        Assert.That(() => taken.Value.Data, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(default(ReceivedMessage).Data.IsEmpty, Is.True);
    }

    [Test]
    public void Message_disposed_while_its_send_waits_goes_out_whole()
    {
        var dialogue = new Dialogue(onMessage: (socket, message) =>
        {
            using ReceivedMessage taken = message.Take();
            _ = socket.SendAsync(taken).AsTask();
            return ValueTask.CompletedTask;
        });
        dialogue.Peer.RoomBytes = 1_000;
        string text = new('m', 200_000);
        dialogue.Peer.Send(Wire.Text(text));
        dialogue.Server.RunUntilIdle();
        Overwrite();
        dialogue.Peer.AddRoom(int.MaxValue);
        dialogue.Server.RunUntilIdle();
        Assert.That(dialogue.Take(), Is.EqualTo(new[] { "1:" + text }));
    }

    private static void Overwrite()
    {
        byte[][] rented = [.. Enumerable.Range(0, 32).Select(_ => System.Buffers.ArrayPool<byte>.Shared.Rent(200_000))];
        Array.ForEach(rented, static array => array.AsSpan().Fill((byte)'x'));
        Array.ForEach(rented, static array => System.Buffers.ArrayPool<byte>.Shared.Return(array));
    }
}
