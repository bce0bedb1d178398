using Engine.TestKit;

namespace Engine.Tests;

/// <summary>TLS connections end in every way and at every flight of the handshake; no descriptor, no buffer and no native memory of them is left.</summary>
[NonParallelizable]
[Platform("Linux")]
public sealed class TlsLeakTests(TransportKind transport, TlsBackend backend) : BothTlsBackends(transport, backend)
{
    private const int ClientCount = 16;

    public enum Ending
    {
        Completed,
        Refused,
        CutInHello,
        CutAfterHello,
        CutInFinished,
        ResetAfterHello,
        ResetWhenOpen,
        TimedOut,
    }

    [Test]
    [CancelAfter(60_000)]
    public Task Hundreds_of_handshakes_leave_nothing([Values] Ending ending) => RunAsync(ending, batches: 9, batchSize: 50, maxBytesEach: 1_000);

    [Test]
    [Explicit("Ten thousand of each take minutes.")]
    [CancelAfter(900_000)]
    public Task Ten_thousand_handshakes_leave_nothing([Values] Ending ending) => RunAsync(ending, batches: 50, batchSize: 200, maxBytesEach: 100);

    private async Task RunAsync(Ending ending, int batches, int batchSize, int maxBytesEach)
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), options =>
        {
            options.Tls = new TlsOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(ending == Ending.TimedOut ? 100 : 20_000) };
            options.Tls.Certificates.Set("localhost", TestCertificates.Context(TestCertificates.Server));
        });
        var growth = new List<long>();
        int descriptors = 0;
        for (int batch = -2; batch < batches; batch++)
        {
            long before = SettledBytes();
            int left = batchSize;
            await Task.WhenAll(Enumerable.Range(0, ending == Ending.TimedOut ? batchSize : ClientCount).Select(_ => EndManyAsync()));
            await ConnectionsEndAsync(server);
            if (batch < 0)
            {
                descriptors = ProcessDescriptors.Count();
                continue;
            }

            growth.Add(SettledBytes() - before);

            async Task EndManyAsync()
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    await EndAsync(server, ending);
                }
            }
        }

        // Of the batches the quarter that grew least: the runtime's compiler, and threads that begin to allocate, take memory at times of their own.
        growth.Sort();
        long typical = growth[growth.Count / 4];
        TestContext.Out.WriteLine($"native heap grown by {typical} bytes in a typical batch of {batchSize}, {growth.Sum()} in all");
        Assert.That(typical, Is.LessThan(maxBytesEach * batchSize), "bytes of native memory that are left of a batch");
        Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero);
        Assert.That(server.Engine.Metrics.RentedRemainders, Is.Zero);
        Assert.That(ProcessDescriptors.Count, Is.LessThanOrEqualTo(descriptors).After(5_000, 25));
    }

    /// <summary>SslStream leaves what it holds of a failed handshake to the collector.</summary>
    private static long SettledBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return NativeHeap.UsedBytes();
    }

    private static async Task EndAsync(RunningServer server, Ending ending)
    {
        using var client = new OpenSslClient(isTls12: false, ending == Ending.Refused ? "unknown.test" : "localhost");
        await using RawClient socket = await server.ConnectAsync();
        byte[] hello = client.Handshake([]);
        if (ending is Ending.CutInHello or Ending.TimedOut)
        {
            await socket.SendAsync(hello.AsMemory(0, hello.Length / 2));
            await EndAsync(socket, cuts: ending == Ending.CutInHello);
            return;
        }

        await socket.SendAsync(hello);
        if (ending == Ending.ResetAfterHello)
        {
            socket.Reset();
            return;
        }

        if (ending == Ending.Refused)
        {
            await EndAsync(socket, cuts: false);
            return;
        }

        byte[] finished = [];
        while (finished.Length == 0)
        {
            finished = client.Handshake(await socket.ReadSomeAsync());
        }

        if (ending is Ending.CutAfterHello or Ending.CutInFinished)
        {
            await socket.SendAsync(finished.AsMemory(0, ending == Ending.CutAfterHello ? 0 : finished.Length / 2));
            await EndAsync(socket, cuts: true);
            return;
        }

        await socket.SendAsync(finished);
        await socket.SendAsync(client.Encrypt("hello"u8));
        byte[] echoed = [];
        while (echoed.Length == 0)
        {
            echoed = client.Decrypt(await socket.ReadSomeAsync());
        }

        Assert.That(echoed, Is.EqualTo("hello"u8.ToArray()));
        if (ending == Ending.ResetWhenOpen)
        {
            socket.Reset();
            return;
        }

        await socket.SendAsync(client.Shutdown());
        await EndAsync(socket, cuts: true);
    }

    private static async Task EndAsync(RawClient socket, bool cuts)
    {
        if (cuts)
        {
            socket.CloseSend();
        }

        await socket.ReadToEndAsync();
    }

    private static async Task ConnectionsEndAsync(RunningServer server)
    {
        while (server.Engine.ConnectionCount > 0)
        {
            await Task.Delay(2, TestContext.CurrentContext.CancellationToken);
        }
    }
}
