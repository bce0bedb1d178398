using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Engine.Tests;

/// <summary>Connecting out: to servers of ours and others, in plain and by TLS, and every way in which it fails; nothing stays open.</summary>
public sealed class EngineClientTests(TransportKind transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_connection_speaks_by_its_protocol()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo());
        await using EngineClient client = MakeClient();
        var answer = new Answer();
        Connection connection = await client.ConnectAsync(server.EndPoint, answer.Create, cancellationToken: Cancellation);
        Assert.That(connection.RemoteEndPoint, Is.EqualTo(server.EndPoint));
        Assert.That(connection.TrySend("hello"u8), Is.EqualTo(SendStatus.Sent));
        Assert.That(await answer.ReadAsync(5), Is.EqualTo("hello"));
        Assert.That((client.ConnectionCount, client.Metrics.ConnectionsOpen), Is.EqualTo((1, 1)));
        connection.Close();
        Assert.That(await answer.Probe.Closed.WaitAsync(Cancellation), Is.EqualTo(CloseReason.Completed));
        Assert.That(client.ConnectionCount, Is.Zero);
    }

    [Test]
    public async Task A_connection_lives_on_the_loop_that_was_named()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo());
        await using var client = new EngineClient(server.Engine);
        var accepted = new Answer();
        Connection first = await client.ConnectAsync(server.EndPoint, accepted.Create, cancellationToken: Cancellation);
        for (int i = 0; i < 4; i++)
        {
            Connection second = await client.ConnectAsync(server.EndPoint, new Answer().Create, new ConnectOptions { Loop = first.Loop }, Cancellation);
            Assert.That(second.SharesLoopWith(first), Is.True);
        }

        await using EngineClient other = MakeClient();
        Assert.That(
            async () => await other.ConnectAsync(server.EndPoint, new Answer().Create, new ConnectOptions { Loop = first.Loop }, Cancellation),
            Throws.ArgumentException);
    }

    [Test]
    public async Task Connections_on_a_servers_loops_end_with_it()
    {
        var answer = new Answer();
        await using RunningServer target = await StartAsync(static _ => ProbeProtocol.Echo());
        RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo());
        await using var client = new EngineClient(server.Engine);
        await client.ConnectAsync(target.EndPoint, answer.Create, cancellationToken: Cancellation);
        Assert.That(server.Engine.ConnectionCount, Is.EqualTo(1));
        await server.DisposeAsync();
        Assert.That(answer.Probe.ClosedCount, Is.EqualTo(1));
        Assert.That(async () => await client.ConnectAsync(target.EndPoint, new Answer().Create, cancellationToken: Cancellation), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public async Task A_name_is_resolved_and_its_addresses_are_tried()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo());
        await using EngineClient client = MakeClient();
        var answer = new Answer();
        Connection connection = await client.ConnectAsync("localhost", ((IPEndPoint)server.EndPoint).Port, answer.Create, cancellationToken: Cancellation);
        connection.TrySend("x"u8);
        Assert.That(await answer.ReadAsync(1), Is.EqualTo("x"));
    }

    [Test]
    public async Task A_Unix_socket_is_connected_to()
    {
        string path = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}.sock");
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo(), options => options.EndPoints.Add(new UnixDomainSocketEndPoint(path)));
        await using EngineClient client = MakeClient();
        var answer = new Answer();
        Connection connection = await client.ConnectAsync(new UnixDomainSocketEndPoint(path), answer.Create, cancellationToken: Cancellation);
        connection.TrySend("x"u8);
        Assert.That(await answer.ReadAsync(1), Is.EqualTo("x"));
    }

    [Test]
    public async Task TLS_is_spoken_and_the_name_is_checked()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server });
        await using EngineClient client = MakeClient();
        var answer = new Answer();
        string? asked = null;
        var options = new ConnectOptions
        {
            Tls = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (sender, shown, _, errors) =>
                {
                    asked = ((SslStream)sender).TargetHostName;
                    return TestCertificates.IsOurs(shown) && (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0;
                },
            },
        };
        Connection connection = await client.ConnectAsync("localhost", ((IPEndPoint)server.EndPoint).Port, answer.Create, options, Cancellation);
        Assert.That((connection.IsSecure, asked), Is.EqualTo((true, "localhost")));
        byte[] sent = new byte[300_000];
        new Random(1).NextBytes(sent);
        Assert.That(await connection.SendAsync(sent, Cancellation), Is.LessThan(SendStatus.Dropped));
        Assert.That(Encoding.Latin1.GetBytes(await answer.ReadAsync(sent.Length)).AsSpan().SequenceEqual(sent), Is.True);
    }

    [Test]
    public async Task A_certificate_that_nobody_vouches_for_is_refused()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server });
        await using EngineClient client = MakeClient();
        var answer = new Answer();
        var options = new ConnectOptions { Tls = new SslClientAuthenticationOptions { TargetHost = "localhost" } };
        Assert.That(async () => await client.ConnectAsync(server.EndPoint, answer.Create, options, Cancellation), Throws.TypeOf<AuthenticationException>());
        Assert.That((answer.WasCreated, client.ConnectionCount), Is.EqualTo((false, 0)));
    }

    [Test]
    public async Task A_port_where_nobody_listens_is_a_SocketException()
    {
        await using EngineClient client = MakeClient();
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var answer = new Answer();
        SocketException? thrown = await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(bound.LocalEndPoint!, answer.Create, cancellationToken: Cancellation));
        Assert.That(thrown!.SocketErrorCode, Is.EqualTo(SocketError.ConnectionRefused));
        Assert.That((answer.WasCreated, client.ConnectionCount), Is.EqualTo((false, 0)));
    }

    [Test]
    public async Task A_peer_that_does_not_answer_is_a_TimeoutException([Values] bool isSecure)
    {
        // Its backlog of one is full, so the kernel answers no further SYN; with TLS it accepts and says nothing.
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(isSecure ? 10 : 0);
        List<Socket> fillers = [];
        for (int i = 0; i < (isSecure ? 0 : 4); i++)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            Assert.That(() => filler.Connect(silent.LocalEndPoint!), Throws.TypeOf<SocketException>());
            fillers.Add(filler);
        }

        await using EngineClient client = MakeClient();
        var answer = new Answer();
        var options = new ConnectOptions { Timeout = TimeSpan.FromMilliseconds(300), Tls = isSecure ? new SslClientAuthenticationOptions() : null };
        Assert.That(async () => await client.ConnectAsync(silent.LocalEndPoint!, answer.Create, options, Cancellation), Throws.TypeOf<TimeoutException>());
        await WhenEmptyAsync(client);
        Assert.That(answer.WasCreated, Is.False);
        fillers.ForEach(static filler => filler.Dispose());
    }

    [Test]
    public async Task A_cancelled_connect_leaves_nothing()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(10);
        await using EngineClient client = MakeClient();
        using var source = new CancellationTokenSource();
        Task<Connection> connecting = client.ConnectAsync(
            silent.LocalEndPoint!, new Answer().Create, new ConnectOptions { Tls = new SslClientAuthenticationOptions { TargetHost = "x" } }, source.Token);
        using Socket accepted = await silent.AcceptAsync(Cancellation);
        await source.CancelAsync();
        Assert.That(async () => await connecting, Throws.InstanceOf<OperationCanceledException>());
        await WhenEmptyAsync(client);
        byte[] rest = new byte[4096];
        try
        {
            while (await accepted.ReceiveAsync(rest, SocketFlags.None, Cancellation) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // A reset says the same.
        }
    }

    [Test]
    public async Task Disposing_the_client_ends_its_connections()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo());
        EngineClient client = MakeClient();
        var answer = new Answer();
        await client.ConnectAsync(server.EndPoint, answer.Create, cancellationToken: Cancellation);
        await client.DisposeAsync();
        Assert.That(answer.Probe.ClosedCount, Is.EqualTo(1));
        Assert.That(async () => await client.ConnectAsync(server.EndPoint, new Answer().Create, cancellationToken: Cancellation), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public async Task The_hook_sees_the_socket_before_it_connects_and_what_it_throws_comes_out()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo());
        await using EngineClient client = MakeClient();
        bool wasConnected = true;
        var options = new ConnectOptions { ConfigureSocket = socket => wasConnected = socket.Connected, LocalEndPoint = new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0) };
        Connection connection = await client.ConnectAsync(server.EndPoint, new Answer().Create, options, Cancellation);
        Assert.That(wasConnected, Is.False);
        EndPoint? local = await OnLoopAsync(connection, () => connection.LocalEndPoint);
        Assert.That(((IPEndPoint)local!).Address, Is.EqualTo(IPAddress.Parse("127.0.0.2")));
        options.ConfigureSocket = static _ => throw new InvalidOperationException("no");
        Assert.That(async () => await client.ConnectAsync(server.EndPoint, new Answer().Create, options, Cancellation), Throws.InvalidOperationException);
    }

    [Test]
    public async Task A_protocol_that_cannot_be_made_ends_the_connection()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo());
        await using EngineClient client = MakeClient();
        Assert.That(
            async () => await client.ConnectAsync(server.EndPoint, static _ => throw new InvalidOperationException("no"), cancellationToken: Cancellation),
            Throws.InvalidOperationException);
        await WhenEmptyAsync(client);
    }

    [Test]
    public async Task A_thousand_connects_and_refusals_leave_no_descriptor()
    {
        await using RunningServer server = await StartAsync(static _ => ProbeProtocol.Echo());
        await using EngineClient client = MakeClient();
        using var refusing = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        refusing.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        async Task RoundAsync()
        {
            for (int i = 0; i < 250; i++)
            {
                Connection connection = await client.ConnectAsync(server.EndPoint, new Answer().Create, cancellationToken: Cancellation);
                connection.Abort();
                await Assert.ThatAsync(() => client.ConnectAsync(refusing.LocalEndPoint!, new Answer().Create, cancellationToken: Cancellation), Throws.TypeOf<SocketException>());
            }

            await WhenEmptyAsync(client);
        }

        await RoundAsync();
        int before = ProcessDescriptors.Count();
        await RoundAsync();
        await RoundAsync();
        Assert.That(ProcessDescriptors.Count(), Is.LessThan(before + 20));
    }

    private static async Task WhenEmptyAsync(EngineClient client)
    {
        while (client.ConnectionCount > 0)
        {
            await Task.Delay(5, Cancellation);
        }
    }

    private EngineClient MakeClient() => new(new EngineClientOptions { Transport = Transport });

    /// <summary>Collects what a connection receives.</summary>
    private sealed class Answer
    {
        private readonly StringBuilder _received = new();
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Answer() => Probe = new ProbeProtocol
        {
            OnBytes = (_, bytes) =>
            {
                lock (_received)
                {
                    _received.Append(Encoding.Latin1.GetString(bytes));
                    _more.TrySetResult();
                }

                return bytes.Length;
            },
        };

        public ProbeProtocol Probe { get; }

        public bool WasCreated { get; private set; }

        public ProbeProtocol Create(Connection connection)
        {
            WasCreated = true;
            return Probe;
        }

        public async Task<string> ReadAsync(int length)
        {
            while (true)
            {
                Task more;
                lock (_received)
                {
                    if (_received.Length >= length)
                    {
                        return _received.ToString();
                    }

                    _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    more = _more.Task;
                }

                await more.WaitAsync(Cancellation);
            }
        }
    }
}
