using System.Runtime.CompilerServices;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Thousands of connections come and go in every way there is, and nothing of them is left.</summary>
[NonParallelizable]
public sealed class LeakTests(TransportKind transport) : BothTransports(transport)
{
    private const int CycleCount = 10_000;
    private const int ClientCount = 16;

    public enum Ending
    {
        PeerCloses,
        PeerResets,
        ServerCloses,
        ServerAborts,
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Ten_thousand_connections_leave_no_descriptor_no_buffer_and_no_object([Values] Ending ending)
    {
        var live = new List<WeakReference>();
        await using (RunningServer server = await StartAsync(connection =>
        {
            lock (live)
            {
                if (live.Count < 500)
                {
                    live.Add(new WeakReference(connection));
                }
            }

            return new OneAnswer(ending);
        }))
        {
            await CycleAsync(server, ending, 50);
            await WaitUntilAsync(() => server.Engine.ConnectionCount == 0);
            int before = ProcessDescriptors.Count();
            await CycleAsync(server, ending, CycleCount);
            await WaitUntilAsync(() => server.Engine.ConnectionCount == 0);
            Assert.That(server.Engine.Metrics.ConnectionsAccepted, Is.EqualTo(CycleCount + 50));
            Assert.That(server.Engine.Metrics.ConnectionsClosed, Is.EqualTo(CycleCount + 50));
            Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero);
            Assert.That(server.Engine.Metrics.RentedRemainders, Is.Zero);
            await WaitUntilAsync(() => ProcessDescriptors.Count() <= before);
        }

        await WaitUntilAsync(() => CountAlive(live) == 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int CountAlive(List<WeakReference> live)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return live.Count(static reference => reference.IsAlive);
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        for (int i = 0; i < 200 && !condition(); i++)
        {
            await Task.Delay(25);
        }

        Assert.That(condition(), Is.True);
    }

    private static async Task CycleAsync(RunningServer server, Ending ending, int count)
    {
        int left = count;
        async Task RunAsync()
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await using RawClient client = await server.ConnectAsync();
                await client.SendAsync("?");
                if (ending != Ending.ServerAborts)
                {
                    Assert.That(await client.ReadExactlyAsync(1), Is.EqualTo("!"u8.ToArray()));
                }

                switch (ending)
                {
                    case Ending.PeerCloses:
                        client.CloseSend();
                        await client.ReadToEndAsync();
                        break;
                    case Ending.PeerResets:
                        client.Reset();
                        break;
                    default:
                        await client.ReadToEndAsync();
                        break;
                }
            }
        }

        await Task.WhenAll(Enumerable.Range(0, ClientCount).Select(_ => RunAsync()));
    }

    private sealed class OneAnswer(Ending ending) : ConnectionProtocol
    {
        protected internal override int OnReceived(Connection connection, Span<byte> bytes)
        {
            if (ending == Ending.ServerAborts)
            {
                connection.Abort();
                return bytes.Length;
            }

            connection.TrySend("!"u8);
            if (ending == Ending.ServerCloses)
            {
                connection.Close();
            }

            return bytes.Length;
        }
    }
}
