using System.Net.Sockets;
using System.Security.Cryptography;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Slow readers get every byte that was accepted, whichever way the connection ends, over sockets and TLS.</summary>
public sealed class SlowCloseTests(TransportKind transport) : BothTransports(transport)
{
    private const int LengthBytes = 400_000;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_reader_slower_than_the_close_timeout_gets_every_byte([Values] bool secure, [Values("close", "stop", "half-close")] string end)
    {
        byte[] message = RandomNumberGenerator.GetBytes(LengthBytes);
        var source = new ProbeProtocol.Source(() => new ProbeProtocol { OnPeerFin = static _ => { } });
        await using RunningServer server = await StartAsync(source.Next, options =>
        {
            options.Connections.CloseTimeout = TimeSpan.FromMilliseconds(500);
            options.Connections.MaxOutboundBytes = LengthBytes;
            options.SendBufferBytes = 64 * 1024;
            options.Tls = secure ? new TlsOptions { Certificate = TestCertificates.Server } : null;
        });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16_384 };
        await socket.ConnectAsync(server.EndPoint, Cancellation);
        await using var plain = new NetworkStream(socket);
        await using var tls = new System.Net.Security.SslStream(plain, leaveInnerStreamOpen: true, static (_, shown, _, _) => TestCertificates.IsOurs(shown));
        Stream stream = plain;
        if (secure)
        {
            await tls.AuthenticateAsClientAsync("localhost");
            stream = tls;
        }

        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        if (end == "half-close")
        {
            socket.Shutdown(SocketShutdown.Send);
            await probe.PeerClosed;
        }

        Assert.That(connection.TrySend(message), Is.Not.EqualTo(SendStatus.Dropped));
        Task stopping = Task.CompletedTask;
        if (end == "stop")
        {
            stopping = server.Engine.StopAsync(TimeSpan.FromSeconds(25));
        }
        else
        {
            connection.Close();
        }

        // About 1.2 seconds in all, more than twice the close timeout, with no pause near it.
        using var received = new MemoryStream();
        byte[] buffer = new byte[16_384];
        int count;
        while ((count = await stream.ReadAsync(buffer, Cancellation)) > 0)
        {
            received.Write(buffer, 0, count);
            await Task.Delay(40, Cancellation);
        }

        Assert.That(received.ToArray().AsSpan().SequenceEqual(message), Is.True, $"{received.Length} of {LengthBytes} bytes");
        socket.Shutdown(SocketShutdown.Both);
        await stopping;
    }

    [Test]
    public async Task A_send_of_another_thread_that_races_the_close_never_turns_it_into_a_reset()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        byte[] message = new byte[30_000];
        for (int i = 0; i < 400; i++)
        {
            await using RawClient client = await server.ConnectAsync();
            Connection connection = await source.Take(Cancellation).Started;
            int accepted = 0;
            var sender = new Thread(() =>
            {
                SendStatus status;
                while ((status = connection.TrySend(message)) != SendStatus.Closed)
                {
                    accepted += status == SendStatus.Dropped ? 0 : 1;
                }
            });
            sender.Start();
            connection.Post(static state => ((Connection)state!).Close(), connection);
            byte[] received = await client.ReadToEndAsync();
            sender.Join();
            Assert.That(client.SawReset, Is.False);
            Assert.That(received, Has.Length.EqualTo(accepted * message.Length), "what was accepted has arrived");
        }
    }

    [Test]
    public async Task Bytes_behind_an_urgent_one_are_read_at_once()
    {
        var received = new System.Text.StringBuilder();
        var all = new TaskCompletionSource();
        await using RunningServer server = await StartAsync(_ => new ProbeProtocol
        {
            OnBytes = (_, bytes) =>
            {
                received.Append(System.Text.Encoding.ASCII.GetString(bytes));
                if (received.ToString().EndsWith("def", StringComparison.Ordinal))
                {
                    all.TrySetResult();
                }

                return bytes.Length;
            },
        });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.EndPoint, Cancellation);
        socket.Send("abc"u8);
        socket.Send("!"u8, SocketFlags.OutOfBand);
        socket.Send("def"u8);
        await all.Task.WaitAsync(Cancellation);
        Assert.That(received.ToString(), Is.EqualTo("abcdef"));
    }
}
