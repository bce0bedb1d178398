using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>What listeners are made of: options, inherited descriptors, files that dead processes left behind.</summary>
public sealed class ListenEndPointTests(TransportKind transport) : BothTransports(transport)
{
    private const int TcpLevel = 6;
    private const int NotSentLowWaterOption = 25;

    [Test]
    [Platform("Linux")]
    public async Task Connections_inherit_a_bound_on_what_the_kernel_holds_unsent()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo());
        int port = ((IPEndPoint)server.EndPoint).Port;
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        await client.ReadExactlyAsync(1);
        int clientPort = ((IPEndPoint)client.LocalEndPoint).Port;

        // This process holds the server's end too: it is the descriptor whose own port is the server's and whose peer is the client.
        int found = 0;
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            try
            {
                using var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: false));
                if (socket.LocalEndPoint is IPEndPoint { Port: var own } && own == port && socket.RemoteEndPoint is IPEndPoint { Port: var other } && other == clientPort)
                {
                    byte[] value = new byte[4];
                    socket.GetRawSocketOption(TcpLevel, NotSentLowWaterOption, value);
                    Assert.That(BitConverter.ToInt32(value), Is.EqualTo(262_144));
                    found++;
                }
            }
            catch (SocketException)
            {
                // No socket, or one without a peer.
            }
        }

        Assert.That(found, Is.EqualTo(1));
    }

    [Test]
    public async Task The_error_of_a_taken_port_names_the_end_point()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo());
        SocketException? error = null;
        try
        {
            await using RunningServer second = await StartAsync(_ => ProbeProtocol.Echo(), options => options.EndPoints.Add(server.EndPoint));
        }
        catch (SocketException exception)
        {
            error = exception;
        }

        Assert.That(error, Is.Not.Null);
        Assert.That(error!.SocketErrorCode, Is.EqualTo(SocketError.AddressAlreadyInUse));
        Assert.That(error.Message, Does.Contain(server.EndPoint.ToString()!));
    }

    [Test]
    public async Task A_socket_file_that_nobody_listens_on_is_replaced()
    {
        string path = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}.sock");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Bound under another name, so that closing it leaves the file: that is what a killed process does.
            dead.Bind(new UnixDomainSocketEndPoint(path + ".old"));
            File.Move(path + ".old", path);
        }

        Assert.That(File.Exists(path), Is.True);
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), options => options.EndPoints.Add(new UnixDomainSocketEndPoint(path)));
        await using RawClient client = await RawClient.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await client.SendAsync("x");
        Assert.That(await client.ReadExactlyAsync(1), Is.EqualTo("x"u8.ToArray()));
    }

    [Test]
    public async Task A_socket_file_that_is_in_use_and_a_file_that_is_no_socket_are_left_alone()
    {
        string path = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}.sock");
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), options => options.EndPoints.Add(new UnixDomainSocketEndPoint(path)));
        Assert.That(
            async () => await StartAsync(_ => ProbeProtocol.Echo(), options => options.EndPoints.Add(new UnixDomainSocketEndPoint(path))),
            Throws.InstanceOf<SocketException>().With.Property(nameof(SocketException.SocketErrorCode)).EqualTo(SocketError.AddressAlreadyInUse));
        await using (RawClient client = await RawClient.ConnectAsync(new UnixDomainSocketEndPoint(path)))
        {
            await client.SendAsync("x");
            await client.ReadExactlyAsync(1);
        }

        string file = path + ".txt";
        await File.WriteAllTextAsync(file, "precious");
        Assert.That(async () => await StartAsync(_ => ProbeProtocol.Echo(), options => options.EndPoints.Add(new UnixDomainSocketEndPoint(file))), Throws.InstanceOf<SocketException>());
        Assert.That(await File.ReadAllTextAsync(file), Is.EqualTo("precious"));
        File.Delete(file);
    }

    [Test]
    [Platform("Linux")]
    public async Task A_server_listens_on_a_descriptor_that_it_inherited_and_closes_it()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        EndPoint bound = listener.LocalEndPoint!;
        int descriptor = (int)listener.SafeHandle.DangerousGetHandle();
        await using (RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), options => options.EndPoints.Add(new InheritedEndPoint(descriptor, "web"))))
        {
            Assert.That(server.EndPoint, Is.EqualTo(bound));
            await using RawClient client = await server.ConnectAsync();
            await client.SendAsync("x");
            Assert.That(await client.ReadExactlyAsync(1), Is.EqualTo("x"u8.ToArray()));
        }

        Assert.That(async () => await RawClient.ConnectAsync(bound), Throws.InstanceOf<SocketException>());
        listener.SafeHandle.SetHandleAsInvalid();
    }

    [Test]
    [Platform("Linux")]
    public void A_descriptor_that_does_not_listen_is_refused_and_left_open()
    {
        using var plain = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        int descriptor = (int)plain.SafeHandle.DangerousGetHandle();
        Assert.That(async () => await StartAsync(_ => ProbeProtocol.Echo(), options => options.EndPoints.Add(new InheritedEndPoint(descriptor))), Throws.InstanceOf<SocketException>());
        Assert.That(() => plain.Bind(new IPEndPoint(IPAddress.Loopback, 0)), Throws.Nothing);
    }
}
