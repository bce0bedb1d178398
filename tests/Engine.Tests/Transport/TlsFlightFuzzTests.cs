namespace Engine.Tests;

/// <summary>
/// Clients whose flights were changed, cut, doubled and spread: the handshake fails or goes on, and nothing else happens. Every input follows from a seed that the
/// failure names.
/// </summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class TlsFlightFuzzTests
{
    private const int BatchSize = 500;

    /// <summary>
    /// What native code may hold more after the median of the batches: a leak of 40 bytes a flight is more. The median, because the runtime's compiler takes and
    /// gives back megabytes at times of its own.
    /// </summary>
    private const long MaxGrowthBytes = 40 * BatchSize;

    [Test]
    [CancelAfter(60_000)]
    public void Mutated_flights_end_in_a_failed_handshake_at_most() => Run(seed: 1, count: 10_000);

    [Test]
    [Explicit("A million inputs take minutes.")]
    [CancelAfter(3_600_000)]
    public void A_million_mutated_flights_end_in_a_failed_handshake_at_most() => Run(seed: 2, count: 1_000_000);

    private static void Run(int seed, int count)
    {
        int established = 0;
        var server = new MemoryServer(
            new ServerOptions { Tls = new TlsOptions { Certificate = TestCertificates.Server, Backend = TlsBackend.OpenSsl } },
            _ =>
            {
                established++;
                return ProbeProtocol.Echo();
            });
        Serve(server, seed, 0, BatchSize);
        established = 0;
        var growth = new List<long>();
        for (int done = 0; done < count; done += BatchSize)
        {
            long before = NativeHeap.UsedBytes();
            Serve(server, seed, BatchSize + done, Math.Min(BatchSize, count - done));
            growth.Add(NativeHeap.UsedBytes() - before);
        }

        growth.Sort();
        long median = growth[growth.Count / 2];
        TestContext.Out.WriteLine($"{count} flights, {established} connections established all the same, native heap grown by {median} bytes in the median batch, {growth.Sum()} in all");
        Assert.That(median, Is.LessThan(MaxGrowthBytes));
        Assert.That(established, Is.GreaterThan(count / 100).And.LessThan(count), "both ends of a mutated handshake have to occur");
    }

    private static void Serve(MemoryServer server, int seed, int first, int count)
    {
        var peers = new List<MemoryPeer>(count);
        for (int i = first; i < first + count; i++)
        {
            try
            {
                peers.Add(server.Connect());
                Attack(server, peers[^1], new Random((seed * 7_919) ^ i), (i & 1) == 0);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}, input {i}: {exception}");
            }
        }

        // Those that said too little and never left are ended by the clock of the handshake, the established ones by a reset.
        server.Advance(TimeSpan.FromSeconds(11));
        foreach (MemoryPeer peer in peers.Where(static peer => !peer.IsClosed))
        {
            peer.Reset();
        }

        server.RunUntilIdle();
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
        Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero);
        Assert.That(server.Engine.Metrics.RentedRemainders, Is.Zero);
    }

    /// <summary>One client: it changes its first flight, its second, or its first records of data; then it leaves in one of the ways there are, or stays.</summary>
    private static void Attack(MemoryServer server, MemoryPeer peer, Random random, bool isTls12)
    {
        using var client = new OpenSslClient(isTls12, random.Next(4) == 0 ? null : "localhost");
        int changed = random.Next(4);
        byte[] flight = client.Handshake([]);
        for (int step = 0; step < 4 && !peer.IsClosed; step++)
        {
            Send(server, peer, step == changed ? Mutate(flight, random) : flight, random);
            byte[] answer = peer.TakeReceived();
            flight = client.Handshake(answer);
            if (flight.Length == 0)
            {
                flight = random.Next(4) == 0 ? client.UpdateKeys(asksTheSame: random.Next(2) == 0) : client.Encrypt("some bytes of a request"u8);
            }
        }

        switch (random.Next(4))
        {
            case 0:
                peer.CloseSend();
                break;
            case 1:
                peer.Reset();
                break;
            case 2:
                peer.Send(client.Shutdown());
                break;
        }

        server.RunUntilIdle();
    }

    private static void Send(MemoryServer server, MemoryPeer peer, byte[] flight, Random random)
    {
        if (flight.Length == 0)
        {
            return;
        }

        switch (random.Next(8))
        {
            case 0:
                peer.SendInPieces(flight, 1 + random.Next(flight.Length));
                break;
            case 1:
                peer.SendInPieces(flight.AsSpan(0, Math.Min(flight.Length, 64)), 1);
                peer.Send(flight.AsSpan(Math.Min(flight.Length, 64)));
                break;
            default:
                peer.Send(flight);
                break;
        }

        server.RunUntilIdle();
    }

    private static byte[] Mutate(byte[] flight, Random random)
    {
        var bytes = new List<byte>(flight);
        for (int left = 1 + random.Next(3); left > 0 && bytes.Count > 0; left--)
        {
            int at = random.Next(bytes.Count);
            int length = 1 + random.Next(Math.Min(bytes.Count - at, 40));
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 4:
                    byte[] noise = new byte[length];
                    random.NextBytes(noise);
                    bytes.InsertRange(at, noise);
                    break;
                case 5:
                    // The record's and the message's lengths and kinds stand in the first bytes.
                    bytes[random.Next(Math.Min(bytes.Count, 12))] = (byte)random.Next(256);
                    break;
                case 6:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.AddRange(flight);
                    break;
            }
        }

        return [.. bytes];
    }
}
