using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Handshakes: what is agreed on, who is refused, and that a peer which never finishes one costs nothing for long.</summary>
public sealed class TlsContextTests(TransportKind transport, TlsBackend backend) : BothTlsBackends(transport, backend)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task The_protocol_starts_after_the_handshake_and_knows_what_it_agreed_on()
    {
        TlsInfo? seen = null;
        var source = new ProbeProtocol.Source(() => new ProbeProtocol { OnStart = connection => seen = connection.Tls });
        await using RunningServer server = await StartAsync(source.Next, static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server });
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint, "localhost", applicationProtocols: [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11]);
        Connection connection = await source.Take(Cancellation).Started;
        Assert.That(connection.IsSecure, Is.True);
        Assert.That(seen, Is.Not.Null.And.SameAs(connection.Tls));
        Assert.That(seen!.Protocol, Is.EqualTo(SslProtocols.Tls13));
        Assert.That(seen.CipherSuite, Is.EqualTo(client.Stream.NegotiatedCipherSuite));
        Assert.That(seen.HostName, Is.EqualTo("localhost"));
        Assert.That(seen.ApplicationProtocol, Is.EqualTo(SslApplicationProtocol.Http11));
        Assert.That(seen.ClientCertificate, Is.Null);
        Assert.That(client.Stream.NegotiatedApplicationProtocol, Is.EqualTo(SslApplicationProtocol.Http11));
    }

    [Test]
    public async Task A_client_that_offers_only_other_application_protocols_is_refused_and_one_without_any_is_served()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server });
        Assert.That(
            async () => await TlsClient.ConnectAsync(server.EndPoint, applicationProtocols: [SslApplicationProtocol.Http3]),
            Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        Assert.That(client.Stream.NegotiatedApplicationProtocol, Is.EqualTo(default(SslApplicationProtocol)));
    }

    [Test]
    public async Task The_certificate_is_chosen_by_the_name_that_the_client_asks_for()
    {
        var other = SslStreamCertificateContext.Create(TestCertificates.Other, additionalCertificates: null, offline: true);
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), options => options.Tls = new TlsOptions
        {
            Certificate = TestCertificates.Server,
            SelectCertificate = name => name switch
            {
                "other.test" => other,
                "broken.test" => throw new InvalidOperationException("A handler's fault."),
                _ => null,
            },
        });
        await using TlsClient first = await TlsClient.ConnectAsync(server.EndPoint, "other.test");
        Assert.That(first.Stream.RemoteCertificate, Is.EqualTo(TestCertificates.Other));
        await using TlsClient second = await TlsClient.ConnectAsync(server.EndPoint, "anything.test");
        Assert.That(second.Stream.RemoteCertificate, Is.EqualTo(TestCertificates.Server));
        Assert.That(async () => await TlsClient.ConnectAsync(server.EndPoint, "broken.test"), Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
        await WhenEmptyAsync(server, but: 2);
    }

    [Test]
    public async Task A_name_without_a_certificate_is_refused()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions { SelectCertificate = static _ => null });
        Assert.That(async () => await TlsClient.ConnectAsync(server.EndPoint), Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
        await WhenEmptyAsync(server);
    }

    [Test]
    public async Task A_client_without_a_certificate_is_refused_where_one_is_required()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next, static options => options.Tls = new TlsOptions
        {
            Certificate = TestCertificates.Server,
            ClientCertificates = ClientCertificateMode.Required,
            ValidateClientCertificate = static (shown, _, _) => shown.Equals(TestCertificates.Client),
        });
        Assert.That(
            async () =>
            {
                // In TLS 1.3 the client believes that it is through, and learns of the refusal when it reads.
                await using TlsClient refused = await TlsClient.ConnectAsync(server.EndPoint);
                await refused.ReadExactlyAsync(1);
            },
            Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
        Assert.That(
            async () =>
            {
                await using TlsClient refused = await TlsClient.ConnectAsync(server.EndPoint, certificate: TestCertificates.Other);
                await refused.ReadExactlyAsync(1);
            },
            Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint, certificate: TestCertificates.Client);
        await client.SendAsync("x"u8.ToArray());
        await client.ReadExactlyAsync(1);
        Connection connection = await source.Take(Cancellation).Started;
        Assert.That(connection.Tls!.ClientCertificate, Is.EqualTo(TestCertificates.Client), "no protocol was made for those who were refused");
    }

    [Test]
    public async Task A_certificate_that_nobody_vouches_for_is_refused_by_default_and_none_is_allowed()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions
        {
            Certificate = TestCertificates.Server,
            ClientCertificates = ClientCertificateMode.Allowed,
        });
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        await client.SendAsync("x"u8.ToArray());
        await client.ReadExactlyAsync(1);
        Assert.That(
            async () =>
            {
                await using TlsClient refused = await TlsClient.ConnectAsync(server.EndPoint, certificate: TestCertificates.Client);
                await refused.ReadExactlyAsync(1);
            },
            Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
    }

    [Test]
    public async Task What_is_wrong_with_a_clients_certificate_is_told_to_the_host_that_judges_it()
    {
        var seen = new ConcurrentQueue<(string Subject, SslPolicyErrors Errors, X509ChainStatusFlags Status)>();
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), options => options.Tls = new TlsOptions
        {
            Certificate = TestCertificates.Server,
            ClientCertificates = ClientCertificateMode.Required,
            ValidateClientCertificate = (shown, chain, errors) =>
            {
                seen.Enqueue((shown.Subject, errors, chain!.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, one) => all | one.Status)));
                return false;
            },
        });
        foreach (X509Certificate2 certificate in new[] { TestCertificates.Expired, TestCertificates.ServerOnly, TestCertificates.Client })
        {
            Assert.That(
                async () =>
                {
                    await using TlsClient refused = await TlsClient.ConnectAsync(server.EndPoint, certificate: certificate);
                    await refused.ReadExactlyAsync(1);
                },
                Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
        }

        Assert.That(seen.Select(static one => one.Subject), Is.EqualTo(new[] { "CN=too late", "CN=a server", "CN=a client" }));
        Assert.That(seen.Select(static one => one.Errors), Is.All.EqualTo(SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.That(seen.ElementAt(0).Status, Is.EqualTo(X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotTimeValid));
        Assert.That(seen.ElementAt(1).Status, Is.EqualTo(X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotValidForUsage));
        Assert.That(seen.ElementAt(2).Status, Is.EqualTo(X509ChainStatusFlags.UntrustedRoot));
        await WhenEmptyAsync(server);
    }

    [Test]
    public async Task A_peer_that_says_nothing_is_cut_off_after_the_handshake_timeout()
    {
        int started = 0;
        await using RunningServer server = await StartAsync(
            _ =>
            {
                started++;
                return ProbeProtocol.Echo();
            },
            static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server, HandshakeTimeout = TimeSpan.FromMilliseconds(300) });
        await using RawClient silent = await server.ConnectAsync();
        var watch = Stopwatch.StartNew();
        await silent.ReadToEndAsync();
        Assert.That(silent.SawReset, Is.True);
        Assert.That(watch.ElapsedMilliseconds, Is.GreaterThan(200));
        await WhenEmptyAsync(server);
        Assert.That(started, Is.Zero);
    }

    [Test]
    public async Task A_handshake_that_is_done_in_time_is_not_timed_out_later()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next, static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server, HandshakeTimeout = TimeSpan.FromSeconds(4) });
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        ProbeProtocol probe = source.Take(Cancellation);
        await Task.WhenAny(probe.Closed, Task.Delay(4_300, Cancellation));
        await client.SendAsync("x"u8.ToArray());
        Assert.That(await client.ReadExactlyAsync(1), Is.EqualTo("x"u8.ToArray()));
    }

    [TestCase("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [TestCase("\x16\x03\x01\xff\xff\x01")]
    [TestCase("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")]
    [TestCase("\x15\x03\x03\x00\x02\x02\x28")]
    [TestCase("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")]
    public async Task Garbage_instead_of_a_handshake_ends_the_connection(string garbage)
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server, HandshakeTimeout = TimeSpan.FromSeconds(2) });
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync(garbage);
        await client.ReadToEndAsync();
        await WhenEmptyAsync(server);
    }

    [Test]
    public async Task Peers_that_leave_anywhere_in_the_handshake_leave_nothing_behind([Values] bool abruptly)
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server });
        byte[] hello = await RecordHelloAsync();
        for (int cut = 0; cut <= hello.Length; cut += 17)
        {
            await using RawClient client = await server.ConnectAsync();
            await client.SendAsync(hello.AsMemory(0, Math.Min(cut, hello.Length)));
            if (abruptly)
            {
                client.Reset();
            }
            else
            {
                client.CloseSend();
                await client.ReadToEndAsync();
            }
        }

        await WhenEmptyAsync(server);
        Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero);
        Assert.That(server.Engine.Metrics.RentedRemainders, Is.Zero);
    }

    [Test]
    public async Task A_server_that_stops_does_not_wait_for_handshakes()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server });
        await using RawClient silent = await server.ConnectAsync();
        while (server.Engine.ConnectionCount == 0)
        {
            await Task.Yield();
        }

        var watch = Stopwatch.StartNew();
        await server.Engine.StopAsync(TimeSpan.FromSeconds(20));
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(4)));
    }

    [Test]
    public async Task Only_the_end_points_that_the_options_say_are_secured()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        int securePort = 0;
        await using RunningServer server = await StartAsync(source.Next, options =>
        {
            options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
            options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
            options.Tls = new TlsOptions { Certificate = TestCertificates.Server, AppliesTo = local => ((IPEndPoint)local!).Port == securePort };
        });
        securePort = ((IPEndPoint)server.Engine.EndPoints[1]).Port;
        await using RawClient plain = await server.ConnectAsync();
        await plain.SendAsync("x");
        await plain.ReadExactlyAsync(1);
        Assert.That((await source.Take(Cancellation).Started).IsSecure, Is.False);
        await using TlsClient secure = await TlsClient.ConnectAsync(server.Engine.EndPoints[1]);
        Assert.That((await source.Take(Cancellation).Started).IsSecure, Is.True);
    }

    [Test]
    public async Task A_full_server_says_so_over_TLS_too()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options =>
        {
            options.Tls = new TlsOptions { Certificate = TestCertificates.Server };
            options.MaxConcurrentConnections = 1;
            options.RefusalMessage = "full"u8.ToArray();
        });
        await using TlsClient first = await TlsClient.ConnectAsync(server.EndPoint);
        await using TlsClient second = await TlsClient.ConnectAsync(server.EndPoint);
        Assert.That(await second.ReadToEndAsync(), Is.EqualTo("full"u8.ToArray()));
    }

    [TestCase("-tls1_2")]
    [TestCase("-tls1_3")]
    [Platform("Linux")]
    public async Task OpenSSLs_own_client_gets_its_bytes_back(string version)
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.Tls = new TlsOptions { Certificate = TestCertificates.Server });
        (_, string output, string error) = await ChildProcess.RunAsync(
            "bash",
            ["-c", $"(echo hello from openssl; exec sleep 2) | timeout 10 openssl s_client {version} -connect {server.EndPoint} -servername localhost -alpn http/1.1 -no_ign_eof 2>&1"],
            TimeSpan.FromSeconds(20));
        Assert.That(output, Does.Contain("ALPN protocol: http/1.1").And.Contain("hello from openssl"), error);
    }

    [Test]
    public void Options_out_of_range_are_refused()
    {
        Assert.That(() => Make(new TlsOptions()), Throws.ArgumentException);
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(TestCertificates.Server.Export(X509ContentType.Cert));
        Assert.That(() => Make(new TlsOptions { Certificate = bare }), Throws.ArgumentException);
        Assert.That(() => Make(new TlsOptions { Certificate = TestCertificates.Server, HandshakeTimeout = TimeSpan.Zero }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Make(new TlsOptions { Certificate = TestCertificates.Server, HandshakeTimeout = Timeout.InfiniteTimeSpan }), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private void Make(TlsOptions tls)
    {
        var options = new ServerOptions { Transport = Transport, Tls = tls };
        options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
        _ = new EngineServer(options, _ => ProbeProtocol.Echo());
    }

    /// <summary>The bytes that a client begins with.</summary>
    private static async Task<byte[]> RecordHelloAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Task<TlsClient> connecting = TlsClient.ConnectAsync(listener.LocalEndPoint!);
        using (Socket accepted = await listener.AcceptAsync(Cancellation))
        {
            byte[] hello = new byte[4096];
            int count = await accepted.ReceiveAsync(hello, Cancellation);
            accepted.Dispose();
            Assert.That(async () => await connecting, Throws.Exception);
            return hello[..count];
        }
    }

    private static async Task WhenEmptyAsync(RunningServer server, int but = 0)
    {
        while (server.Engine.ConnectionCount > but)
        {
            await Task.Delay(5, Cancellation);
        }
    }
}
