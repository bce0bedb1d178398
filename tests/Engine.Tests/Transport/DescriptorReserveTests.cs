using System.Net.Sockets;
using Engine.TestKit;
using Microsoft.Win32.SafeHandles;

namespace Engine.Tests;

[NonParallelizable]
public sealed class DescriptorReserveTests(TransportKind transport) : BothTransports(transport)
{
    private const int LimitRoom = 128;
    private const int ReserveCount = 32;

    /// <summary>Other threads of this process may open a descriptor for a moment.</summary>
    private const int Slack = 8;

    [Test]
    [Platform("Linux")]
    public async Task Peers_cannot_take_the_descriptors_that_the_runtime_needs()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo());
        using var limit = new DescriptorLimit(LimitRoom);
        Socket[] peers = [.. Enumerable.Range(0, ReserveCount + 16).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))];
        var hoard = new List<SafeFileHandle>();
        try
        {
            // The lowest free number is given out first: from here on there is room for a few connections, then only the reserve.
            int lastNumber = limit.EndNumber - ReserveCount - Slack;
            do
            {
                hoard.Add(File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            }
            while (hoard[^1].DangerousGetHandle() < lastNumber);

            bool[] served = [.. peers.Select(peer => IsServed(peer, server))];
            for (int i = 0; i < ReserveCount - Slack; i++)
            {
                hoard.Add(File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            }

            Assert.That(served.Count(static isServed => isServed), Is.InRange(1, Slack * 2));
            Assert.That(server.Engine.Metrics.AcceptErrors, Is.GreaterThan(0));
        }
        finally
        {
            foreach (SafeFileHandle file in hoard)
            {
                file.Dispose();
            }

            foreach (Socket peer in peers)
            {
                peer.Dispose();
            }
        }

        await using RawClient late = await server.ConnectAsync();
        await late.SendAsync("c");
        Assert.That(await late.ReadExactlyAsync(1), Is.EqualTo("c"u8.ToArray()));
    }

    [TestCase(991, 1024, false)]
    [TestCase(992, 1024, true)]
    [TestCase(55, 64, false)]
    [TestCase(56, 64, true)]
    [TestCase(1_000_000, -1, false)]
    public void The_reserve_is_the_last_32_or_an_eighth_of_a_small_limit(int descriptor, long limit, bool isReached)
        => Assert.That(DescriptorReserve.IsReached(descriptor, unchecked((nuint)limit)), Is.EqualTo(isReached));

    private static bool IsServed(Socket peer, RunningServer server)
    {
        byte[] buffer = new byte[1];
        try
        {
            peer.ReceiveTimeout = 30_000;
            peer.Connect(server.EndPoint);
            peer.Send("x"u8);
            return peer.Receive(buffer) == 1;
        }
        catch (SocketException)
        {
            // It was closed with what it had sent unread.
            return false;
        }
    }
}
