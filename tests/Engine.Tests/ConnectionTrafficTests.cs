namespace Engine.Tests;

[Category("Pure")]
public sealed class ConnectionTrafficTests
{
    [Test]
    public void Two_looks_make_a_rate()
    {
        var before = new ConnectionTraffic(1000, 10, 5_000);
        var now = new ConnectionTraffic(4000, 20, 7_000);
        Assert.That((now.ReceivedPerSecondSince(before), now.SentPerSecondSince(before)), Is.EqualTo((1500.0, 5.0)));
        Assert.That(now.ReceivedPerSecondSince(now), Is.Zero);
    }

    [Test]
    public void A_connection_counts_what_it_carries_from_the_first_look_on()
    {
        var probe = ProbeProtocol.Echo();
        var server = new MemoryServer(new ServerOptions(), _ => probe);
        MemoryPeer peer = server.Connect();
        Connection connection = probe.Started.GetAwaiter().GetResult();
        Assert.That(connection.GetTraffic() with { AtMilliseconds = 0 }, Is.EqualTo(default(ConnectionTraffic)));
        peer.Send(new byte[100]);
        peer.RoomBytes = 60;
        server.RunUntilIdle();
        ConnectionTraffic traffic = connection.GetTraffic();
        Assert.That((traffic.BytesReceived, traffic.BytesSent), Is.EqualTo((100L, 60L)));
    }
}
