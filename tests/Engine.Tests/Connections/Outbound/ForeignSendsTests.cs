using System.Buffers.Binary;

namespace Engine.Tests;

[Category("Pure")]
public sealed class ForeignSendsTests
{
    [Test]
    public void What_one_thread_pushed_is_taken_in_its_order()
    {
        var sends = default(ForeignSends);
        for (int i = 0; i < 5; i++)
        {
            sends.Push(Make(0, i));
        }

        Assert.That(sends.IsEmpty, Is.False);
        Assert.That(Take(ref sends), Is.EqualTo(new[] { (0, 0), (0, 1), (0, 2), (0, 3), (0, 4) }));
        Assert.That(sends.IsEmpty, Is.True);
        Assert.That(sends.TakeAll(), Is.Null);
    }

    [Test]
    public void Eight_threads_push_while_one_takes_and_nothing_is_lost_doubled_or_out_of_order()
    {
        const int Threads = 8;
        const int Each = 20_000;
        var shared = new Holder();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(thread => new Thread(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                shared.Sends.Push(Make(thread, i));
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        int[] next = new int[Threads];
        int taken = 0;
        while (taken < Threads * Each)
        {
            foreach ((int thread, int number) in Take(ref shared.Sends))
            {
                Assert.That(number, Is.EqualTo(next[thread]++));
                taken++;
            }
        }

        Array.ForEach(threads, static thread => thread.Join());
        Assert.That(shared.Sends.IsEmpty, Is.True);
    }

    [Test]
    public void One_of_many_has_to_wake_the_loop_and_then_again_one()
    {
        var sends = default(ForeignSends);
        Assert.That((sends.TrySignal(), sends.TrySignal()), Is.EqualTo((true, false)));
        sends.SignalSeen();
        Assert.That(sends.TrySignal(), Is.True);
    }

    private static ForeignSend Make(int thread, int number)
    {
        var send = new ForeignSend();
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, thread);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], number);
        send.Set(ForeignSendKind.Message, bytes, [], shared: null, []);
        return send;
    }

    private static List<(int Thread, int Number)> Take(ref ForeignSends sends)
    {
        List<(int, int)> taken = [];
        for (ForeignSend? send = sends.TakeAll(); send is not null; send = send.Next)
        {
            taken.Add((BinaryPrimitives.ReadInt32LittleEndian(send.Bytes), BinaryPrimitives.ReadInt32LittleEndian(send.Bytes[4..])));
        }

        return taken;
    }

    private sealed class Holder
    {
        public ForeignSends Sends;
    }
}
