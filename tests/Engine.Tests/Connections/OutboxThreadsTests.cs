using System.Buffers.Binary;
using System.Security.Cryptography;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>
/// Eight threads and the loop send on one connection while its peer reads in fits, then the connection closes in the middle of it. What was accepted arrives: by
/// thread in order, whole, with the same hash at both ends, and then FIN.
/// </summary>
public sealed class OutboxThreadsTests(TransportKind transport) : BothTransports(transport)
{
    private const int ThreadCount = 8;
    private const int HeaderBytes = 9;

    [Test]
    public Task What_eight_threads_sent_arrives_in_order_of_each_until_the_close() => SendAsync(TimeSpan.FromSeconds(2));

    [Test]
    [Explicit("A minute a transport, for a change of the outbox.")]
    [CancelAfter(120_000)]
    public Task What_eight_threads_sent_for_a_minute_arrives_in_order_of_each() => SendAsync(TimeSpan.FromSeconds(60));

    private async Task SendAsync(TimeSpan duration)
    {
        var source = new ProbeProtocol.Source(static () => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.MaxOutboundBytes = 65_536);
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint, TimeSpan.FromSeconds(20), receiveBufferBytes: 65_536);
        Connection connection = await source.Take(TestContext.CurrentContext.CancellationToken).Started;
        Sender[] senders = [.. Enumerable.Range(0, ThreadCount).Select(thread => new Sender((byte)thread, connection))];
        Task reading = ReadAsync(client, senders);
        Thread[] threads = [.. senders.Select(static sender => new Thread(sender.Run))];
        Array.ForEach(threads, static thread => thread.Start());
        await Task.Delay(duration);
        connection.Close();
        Array.ForEach(threads, static thread => thread.Join());
        await reading;
        Assert.That((client.SawFin, client.SawReset), Is.EqualTo((true, false)));
        foreach (Sender sender in senders)
        {
            Assert.That(sender.ReceivedCount, Is.EqualTo(sender.AcceptedCount).And.GreaterThan(10), $"thread {sender.Number}");
            Assert.That(sender.Received.GetHashAndReset(), Is.EqualTo(sender.Accepted.GetHashAndReset()), $"thread {sender.Number}");
            sender.Dispose();
        }

        TestContext.Out.WriteLine($"{senders.Sum(static sender => sender.AcceptedCount)} messages, {senders.Sum(static sender => sender.RefusedCount)} refused");
    }

    private static async Task ReadAsync(RawClient client, Sender[] senders)
    {
        int reads = 0;
        while (true)
        {
            byte[] header;
            try
            {
                header = await client.ReadExactlyAsync(HeaderBytes);
            }
            catch (EndOfStreamException)
            {
                return;
            }

            byte[] payload = await client.ReadExactlyAsync(BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(5)));
            Sender sender = senders[header[0]];
            Assert.That(BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(1)), Is.EqualTo(sender.ReceivedCount++));
            sender.Received.AppendData(header);
            sender.Received.AppendData(payload);
            if (++reads % 2_000 == 0)
            {
                // The reader's fits are its own time, which no event ends.
                await Task.Delay(20);
            }
        }
    }

    /// <summary>One thread's messages: small and large, at once and waited for, streamed and shared.</summary>
    private sealed class Sender(byte number, Connection connection) : IDisposable
    {
        public byte Number => number;

        public IncrementalHash Accepted { get; } = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public IncrementalHash Received { get; } = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public int AcceptedCount { get; private set; }

        public int ReceivedCount { get; set; }

        public int RefusedCount { get; private set; }

        public void Run()
        {
            byte[] message = RandomNumberGenerator.GetBytes(HeaderBytes + 200_000);
            message[0] = number;
            for (int turn = 0; ; turn++)
            {
                int length = turn % 97 == 0 ? 200_000 : turn % 11 == 0 ? 10_000 : (turn * 37) % 500;
                BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(1), AcceptedCount);
                BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(5), length);
                SendStatus status = Send(message.AsMemory(0, HeaderBytes + length), turn);
                switch (status)
                {
                    case SendStatus.Closed:
                        return;
                    case SendStatus.Dropped:
                        RefusedCount++;
                        _ = connection.WhenWritableAsync().AsTask().GetAwaiter().GetResult();
                        break;
                    default:
                        Accepted.AppendData(message, 0, HeaderBytes + length);
                        AcceptedCount++;
                        break;
                }
            }
        }

        public void Dispose()
        {
            Accepted.Dispose();
            Received.Dispose();
        }

        private SendStatus Send(ReadOnlyMemory<byte> message, int turn)
        {
            switch (turn % 7)
            {
                case 0 or 1 or 2:
                    return connection.TrySend(message.Span);
                case 3:
                    SharedSegment shared = SharedSegment.Copy(message.Span[HeaderBytes..]);
                    SendStatus status = connection.TrySend(message.Span[..HeaderBytes], shared);
                    shared.Release();
                    return status;
                default:
                    return connection.SendAsync(message).AsTask().GetAwaiter().GetResult();
            }
        }
    }
}
