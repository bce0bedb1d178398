using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>A peer that stops reading, and a producer that does not stop: the queue stays bounded, and what was accepted arrives.</summary>
public sealed class SlowReaderTests(TransportKind transport) : BothTransports(transport)
{
    private const int MessageBytes = 1000;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task What_a_peer_has_not_acknowledged_is_counted_also_where_the_kernel_holds_it()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("Only Linux tells.");
        }

        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.MaxOutboundBytes = 1 << 20);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        Connection connection = await source.Take(Cancellation).Started;
        byte[] message = new byte[1 << 20];
        Assert.That(connection.TrySend(message), Is.AnyOf(SendStatus.Sent, SendStatus.Queued));
        SendProgress behind;
        int here;
        do
        {
            (behind, here) = await ProgressAsync(connection);
        }
        while (behind.Mark == 0);
        Assert.That(behind.IsOutstanding, Is.True);
        Assert.That(behind.UnacknowledgedBytes, Is.GreaterThan(here), "what stays in the kernel counts too");
        Assert.That(behind.UnacknowledgedBytes + behind.Mark, Is.AtLeast(message.Length), "every byte is either acknowledged or not");
        await client.ReadExactlyAsync(message.Length);
        SendProgress after;
        do
        {
            (after, _) = await ProgressAsync(connection);
        }
        while (after.IsOutstanding);
        Assert.That(after, Is.EqualTo(new SendProgress(false, message.Length, 0)));
    }

    private static async Task<(SendProgress Progress, int BufferedBytes)> ProgressAsync(Connection connection)
    {
        Cancellation.ThrowIfCancellationRequested();
        var told = new TaskCompletionSource<(SendProgress, int)>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Post(_ => told.SetResult((connection.GetSendProgress(), connection.BufferedBytes)), null);
        return await told.Task.WaitAsync(Cancellation);
    }

    [Test]
    public async Task What_was_accepted_arrives_whole_and_in_order_and_the_queue_stays_bounded(
        [Values(BackpressurePolicy.Wait, BackpressurePolicy.DropNewest)] BackpressurePolicy policy,
        [Values] bool fromLoop)
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, options => options.Connections.Backpressure = policy);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        using var accepted = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int most = 0;
        int acceptedCount = 0;
        int refusedCount = 0;
        void Produce()
        {
            byte[] message = new byte[MessageBytes];
            for (int i = 0; i < 20_000; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(message, i);
                SendStatus status = connection.TrySend(message);
                most = Math.Max(most, connection.BufferedBytes);
                if (status is SendStatus.Sent or SendStatus.Queued)
                {
                    acceptedCount++;
                    accepted.AppendData(message);
                }
                else
                {
                    Assert.That(status, Is.EqualTo(SendStatus.Dropped));
                    refusedCount++;
                }
            }
        }

        if (fromLoop)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            connection.Post(
                _ =>
                {
                    Produce();
                    done.SetResult();
                },
                null);
            await done.Task;
        }
        else
        {
            Produce();
        }

        Assert.That(refusedCount, Is.GreaterThan(1000), "the peer was slow enough to matter");
        Assert.That(most, Is.LessThanOrEqualTo(65_536));
        byte[] received = await client.ReadExactlyAsync(acceptedCount * MessageBytes);
        Assert.That(SHA256.HashData(received), Is.EqualTo(accepted.GetHashAndReset()));
        Assert.That(await connection.WhenWritableAsync(Cancellation), Is.EqualTo(SendStatus.Sent));
        connection.Close();
        Assert.That(await client.ReadToEndAsync(), Is.Empty, "nothing that was refused was sent");
        Assert.That(probe.DrainedCount, fromLoop ? Is.EqualTo(1) : Is.GreaterThan(0));
    }

    [Test]
    public async Task The_policy_that_drops_the_oldest_keeps_the_newest_whole()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.Backpressure = BackpressurePolicy.DropOldest);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        Connection connection = await source.Take(Cancellation).Started;
        byte[] message = new byte[MessageBytes];
        for (int i = 0; i < 20_000; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(message, i);
            Assert.That(await OnLoopAsync(connection, () => connection.TrySend(message)), Is.AnyOf(SendStatus.Sent, SendStatus.Queued));
            if (i % 64 == 0)
            {
                Assert.That(connection.BufferedBytes, Is.LessThanOrEqualTo(65_536));
            }
        }

        connection.Close();
        byte[] received = await client.ReadToEndAsync();
        Assert.That(received.Length % MessageBytes, Is.Zero, "only whole messages are dropped");
        int last = -1;
        for (int at = 0; at < received.Length; at += MessageBytes)
        {
            int number = BinaryPrimitives.ReadInt32BigEndian(received.AsSpan(at));
            Assert.That(number, Is.GreaterThan(last));
            last = number;
        }

        Assert.That(last, Is.EqualTo(19_999));
        Assert.That(received, Has.Length.LessThan(20_000 * MessageBytes));
        Assert.That(server.Engine.Metrics.MessagesDropped, Is.EqualTo(20_000 - (received.Length / MessageBytes)));
    }

    [Test]
    public async Task The_policy_that_disconnects_ends_the_slow_peer_and_says_so([Values] bool fromLoop)
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.Backpressure = BackpressurePolicy.Disconnect);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        byte[] message = new byte[MessageBytes];
        SendStatus status = SendStatus.Sent;
        while (status != SendStatus.Closed)
        {
            status = fromLoop ? await OnLoopAsync(connection, () => connection.TrySend(message)) : connection.TrySend(message);
            Assert.That(fromLoop && status == SendStatus.Dropped, Is.False, "a thread may send faster than its loop can look, which says nothing of the peer");
        }

        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.SlowConsumer));
    }

    [Test]
    public async Task A_sender_that_waits_is_paced_by_the_reader_and_loses_nothing()
    {
        const int Count = 20_000;
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 16_384);
        Connection connection = await source.Take(Cancellation).Started;
        int most = 0;
        async Task ProduceAsync()
        {
            byte[] message = new byte[MessageBytes];
            for (int i = 0; i < Count; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(message, i);
                Assert.That(await connection.SendAsync(message, Cancellation), Is.AnyOf(SendStatus.Sent, SendStatus.Queued));
                most = Math.Max(most, connection.BufferedBytes);
            }
        }

        Task producing = ProduceAsync();
        byte[] received = await client.ReadExactlyAsync(Count * MessageBytes);
        await producing;
        Assert.That(most, Is.LessThanOrEqualTo(65_536));
        for (int i = 0; i < Count; i++)
        {
            Assert.That(BinaryPrimitives.ReadInt32BigEndian(received.AsSpan(i * MessageBytes)), Is.EqualTo(i));
        }
    }

    [Test]
    public async Task A_message_larger_than_the_queue_is_streamed_with_no_other_in_between()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 16_384);
        Connection connection = await source.Take(Cancellation).Started;
        byte[] large = new byte[4 << 20];
        Array.Fill(large, (byte)'L');
        byte[] small = "s"u8.ToArray();
        ValueTask<SendStatus> first = connection.SendAsync(large, Cancellation);
        Task<SendStatus>[] others = [.. Enumerable.Range(0, 50).Select(_ => connection.SendAsync(small, Cancellation).AsTask())];
        byte[] received = await client.ReadExactlyAsync(large.Length + others.Length);
        Assert.That(await first, Is.AnyOf(SendStatus.Sent, SendStatus.Queued));
        await Task.WhenAll(others);
        int begin = received.AsSpan().IndexOf((byte)'L');
        Assert.That(received.AsSpan(begin, large.Length).IndexOfAnyExcept((byte)'L'), Is.EqualTo(-1));
        Assert.That(received.Count(static value => value == 's'), Is.EqualTo(50));
    }

    [Test]
    public async Task A_cancelled_message_leaves_no_bytes_and_the_connection_goes_on()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        Connection connection = await source.Take(Cancellation).Started;
        int accepted = await FillAsync(connection, new byte[MessageBytes]);
        ValueTask<SendStatus> waiting;
        using var cancel = new CancellationTokenSource();
        byte[] marker = new byte[60_000];
        Array.Fill(marker, (byte)'C');
        waiting = connection.SendAsync(marker, cancel.Token);
        Assert.That(waiting.IsCompleted, Is.False);
        await cancel.CancelAsync();
        Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        Task<byte[]> reading = client.ReadExactlyAsync((accepted * MessageBytes) + 3);
        Assert.That(await connection.SendAsync("end"u8.ToArray(), Cancellation), Is.Not.EqualTo(SendStatus.Closed));
        byte[] received = await reading;
        Assert.That(received.AsSpan().IndexOf((byte)'C'), Is.EqualTo(-1));
        Assert.That(received.AsSpan(received.Length - 3).SequenceEqual("end"u8), Is.True);
    }

    [Test]
    public async Task Waiting_senders_are_told_when_the_connection_ends()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        Connection connection = await source.Take(Cancellation).Started;
        Task<SendStatus>[] waiting = [.. Enumerable.Range(0, 200).Select(_ => connection.SendAsync(new byte[65_536], Cancellation).AsTask())];
        client.Reset();
        SendStatus[] answers = await Task.WhenAll(waiting).WaitAsync(Cancellation);
        Assert.That(answers, Has.Some.EqualTo(SendStatus.Closed));
        Assert.That(await connection.SendAsync(new byte[1], Cancellation), Is.EqualTo(SendStatus.Closed));
    }

    [Test]
    public async Task A_handler_that_pauses_receiving_slows_its_peer_and_memory_stays_flat()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol
        {
            OnBytes = static (connection, _) =>
            {
                connection.PauseReceive();
                return 0;
            },
        });
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        client.Timeout = TimeSpan.FromMilliseconds(500);
        Connection connection = await source.Take(Cancellation).Started;
        Assert.That(async () => await client.SendAsync(new byte[64 << 20]), Throws.InstanceOf<TimeoutException>(), "TCP holds the peer back");
        Assert.That(server.Engine.Metrics.BytesReceived, Is.LessThanOrEqualTo(2 * 65_536));
        Assert.That(connection.IsOpen, Is.True);
    }

    [Test]
    public async Task Threads_that_send_at_once_keep_their_own_order_and_are_never_interleaved()
    {
        const int ThreadCount = 4;
        const int PerThread = 5_000;
        const int Length = 64;
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        Connection connection = await source.Take(Cancellation).Started;
        Thread[] threads = [.. Enumerable.Range(0, ThreadCount).Select(number => new Thread(() =>
        {
            byte[] message = new byte[Length];
            Array.Fill(message, (byte)number);
            for (int i = 0; i < PerThread; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(message, i);
                while (connection.TrySend(message) == SendStatus.Dropped)
                {
                    Thread.Yield();
                }
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        byte[] received = await client.ReadExactlyAsync(ThreadCount * PerThread * Length);
        int[] next = new int[ThreadCount];
        for (int at = 0; at < received.Length; at += Length)
        {
            int number = received[at + 4];
            Assert.That(received.AsSpan(at + 4, Length - 4).IndexOfAnyExcept((byte)number), Is.EqualTo(-1), "a message was cut");
            Assert.That(BinaryPrimitives.ReadInt32BigEndian(received.AsSpan(at)), Is.EqualTo(next[number]++), "a thread's order was lost");
        }
    }

    [Test]
    public async Task One_million_sends_to_a_frozen_peer_leave_memory_where_it_was()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.WriteTimeout = TimeSpan.FromMinutes(5));
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        Connection connection = await source.Take(Cancellation).Started;
        (long Resident, long Managed) before = await SendManyAsync(connection, 10_000);
        (long Resident, long Managed) after = await SendManyAsync(connection, 1_000_000);
        Assert.That(connection.BufferedBytes, Is.LessThanOrEqualTo(65_536));
        Assert.That(after.Managed - before.Managed, Is.LessThan(1 << 20), "managed bytes");
        Assert.That(after.Resident - before.Resident, Is.LessThan(16 << 20), "resident bytes");
    }

    private static async Task<(long Resident, long Managed)> SendManyAsync(Connection connection, int count)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Post(
            _ =>
            {
                byte[] message = new byte[MessageBytes];
                for (int i = 0; i < count; i++)
                {
                    connection.TrySend(message);
                }

                done.SetResult();
            },
            null);
        await done.Task;
        long managed = GC.GetTotalMemory(forceFullCollection: true);
        using var process = Process.GetCurrentProcess();
        return (process.WorkingSet64, managed);
    }
}
