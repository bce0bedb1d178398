using System.Net.Sockets;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>A loop that stood still is late itself: it reads what its peers have sent meanwhile before it judges their deadlines.</summary>
public sealed class StallTests(TransportKind transport) : BothTransports(transport)
{
    private const int PeerCount = 700;

    [Test]
    public async Task A_loop_that_stood_still_reads_what_came_before_it_raises_deadlines()
    {
        int raised = 0;
        int received = 0;
        var allReceived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var connections = new List<Connection>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RunningServer server = await StartAsync(
            _ => new ProbeProtocol
            {
                OnStart = connection =>
                {
                    connections.Add(connection);
                    if (connections.Count == PeerCount)
                    {
                        all.SetResult();
                    }
                },
                OnBytes = (connection, bytes) =>
                {
                    connection.ClearDeadline();
                    if (++received == PeerCount)
                    {
                        allReceived.SetResult();
                    }

                    return bytes.Length;
                },
                OnDue = _ => raised++,
            },
            static options => options.LoopCount = 1);
        var peers = new List<Socket>();
        try
        {
            for (int i = 0; i < PeerCount; i++)
            {
                var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                peers.Add(peer);
                await peer.ConnectAsync(server.EndPoint);
            }

            await all.Task;
            connections[0].Post(
                _ =>
                {
                    foreach (Connection connection in connections)
                    {
                        connection.SetDeadline(TimeSpan.FromMilliseconds(100));
                    }

                    ForeignThread.Run(() => peers.ForEach(static peer => peer.Send("x"u8)));
                    SpinWait.SpinUntil(static () => false, 300);
                },
                null);
            await allReceived.Task;
            Assert.That(await OnLoopAsync(connections[0], () => raised), Is.Zero);
        }
        finally
        {
            peers.ForEach(static peer => peer.Dispose());
        }
    }
}
