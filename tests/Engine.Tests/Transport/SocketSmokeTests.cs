using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine.Tests;

public sealed class SocketSmokeTests
{
    [Test]
    [CancelAfter(10_000)]
    public async Task Echo_over_a_real_socket(CancellationToken cancellation)
    {
        var options = new ServerOptions { Transport = TransportKind.Sockets, LoopCount = 2 };
        options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
        var protocol = new EchoProtocol();
        await using var server = new EngineServer(options, _ => protocol);
        await server.StartAsync(cancellation);
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)server.EndPoints[0], cancellation);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("hello"u8.ToArray(), cancellation);
        byte[] buffer = new byte[5];
        await stream.ReadExactlyAsync(buffer, cancellation);
        Assert.That(Encoding.ASCII.GetString(buffer), Is.EqualTo("hello"));
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.That(await stream.ReadAsync(buffer, cancellation), Is.Zero);
        Assert.That(await protocol.WhenClosed.Task.WaitAsync(cancellation), Is.EqualTo(CloseReason.PeerClosed));
        await server.StopAsync(TimeSpan.FromSeconds(1));
        Assert.That(server.ConnectionCount, Is.Zero);
    }
}
