using System.Text;

namespace Engine.Tests;

/// <summary>The connection over the in-memory transport: send, receive, pressure and ends, one thread, a clock of its own.</summary>
public sealed class ConnectionTests
{
    [Test]
    public void What_is_received_in_one_piece_is_echoed_in_one_send()
    {
        (MemoryServer server, EchoProtocol protocol, MemoryPeer peer) = Echo();
        peer.Send("hello"u8);
        server.RunUntilIdle();
        Assert.That(Encoding.ASCII.GetString(peer.TakeReceived()), Is.EqualTo("hello"));
        Assert.That(peer.SendCount, Is.EqualTo(1));
        Assert.That(protocol.Connection!.BufferedBytes, Is.Zero);
        Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero);
    }

    [Test]
    public void A_peer_that_closes_is_answered_with_a_close_and_one_announcement()
    {
        (MemoryServer server, EchoProtocol protocol, MemoryPeer peer) = Echo();
        peer.Send("x"u8);
        peer.CloseSend();
        server.RunUntilIdle();
        Assert.That(Encoding.ASCII.GetString(peer.TakeReceived()), Is.EqualTo("x"));
        Assert.That(protocol.ClosedCount, Is.EqualTo(1));
        Assert.That(protocol.Closed, Is.EqualTo(CloseReason.PeerClosed));
        Assert.That(peer.SawFin && !peer.SawReset, Is.True);
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
    }

    private static (MemoryServer Server, EchoProtocol Protocol, MemoryPeer Peer) Echo(Action<ConnectionOptions>? configure = null)
    {
        var options = new ServerOptions();
        configure?.Invoke(options.Connections);
        var protocol = new EchoProtocol();
        var server = new MemoryServer(options, _ => protocol);
        return (server, protocol, server.Connect());
    }
}
