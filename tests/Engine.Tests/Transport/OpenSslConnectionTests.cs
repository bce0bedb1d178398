using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>What the OpenSSL back end can do that SslStream cannot, and how it behaves at its limits. The rest stands in the tests of both back ends.</summary>
[Platform("Linux")]
public sealed class OpenSslConnectionTests(TransportKind transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    protected override void Adjust(ServerOptions options) => options.Tls!.Backend = TlsBackend.OpenSsl;

    [Test]
    public async Task Both_ends_export_the_same_keying_material()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartSecureAsync(source.Next);
        Task<string> client = OpenSslClientAsync(server, "-tls1_3 -keymatexport test-label -keymatexportlen 32");
        Connection connection = await source.Take(Cancellation).Started;
        string? exported = await OnLoopAsync(connection, () =>
        {
            Span<byte> secret = stackalloc byte[32];
            return connection.TryExportKeyingMaterial("test-label", [], secret) ? Convert.ToHexString(secret) : null;
        });
        Assert.That(exported, Is.Not.Null);
        Assert.That(await client, Does.Contain($"Keying material: {exported}"));
    }

    [TestCase("-tls1_2", "Reused, TLSv1.2")]
    [TestCase("-tls1_3", "Reused, TLSv1.3")]
    public async Task Servers_with_the_same_ticket_keys_resume_one_anothers_sessions_until_the_key_is_three_rotations_old(string version, string reused)
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        string session = Path.GetTempFileName();
        try
        {
            var keys = new TlsTicketKeys(secret);
            await using RunningServer first = await StartSecureAsync(_ => ProbeProtocol.Echo(), tls => tls.TicketKeys = new TlsTicketKeys(secret));
            await using RunningServer second = await StartSecureAsync(_ => ProbeProtocol.Echo(), tls => tls.TicketKeys = keys);
            Assert.That(await OpenSslClientAsync(first, $"{version} -sess_out {session}"), Does.Contain("New, TLSv1."));
            Assert.That(await OpenSslClientAsync(second, $"{version} -sess_in {session}"), Does.Contain(reused));
            keys.Rotate(RandomNumberGenerator.GetBytes(32));
            keys.Rotate(RandomNumberGenerator.GetBytes(32));
            Assert.That(await OpenSslClientAsync(second, $"{version} -sess_in {session}"), Does.Contain(reused), "two rotations later");
            keys.Rotate(RandomNumberGenerator.GetBytes(32));
            Assert.That(await OpenSslClientAsync(second, $"{version} -sess_in {session}"), Does.Contain("New, TLSv1."), "three rotations later");
        }
        finally
        {
            File.Delete(session);
        }
    }

    [Test]
    public async Task Who_resumes_a_session_gets_a_ticket_for_the_next_time()
    {
        string first = Path.GetTempFileName();
        string second = Path.GetTempFileName();
        try
        {
            await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo());
            await OpenSslClientAsync(server, $"-tls1_3 -sess_out {first}");
            Assert.That(await OpenSslClientAsync(server, $"-tls1_3 -sess_in {first} -sess_out {second}"), Does.Contain("Reused, TLSv1.3").And.Contain("New Session Ticket arrived"));
            Assert.That(File.ReadAllText(second), Is.Not.Empty.And.Not.EqualTo(File.ReadAllText(first)));
            Assert.That(await OpenSslClientAsync(server, $"-tls1_3 -sess_in {second}"), Does.Contain("Reused, TLSv1.3"));
        }
        finally
        {
            File.Delete(first);
            File.Delete(second);
        }
    }

    [Test]
    public async Task No_session_is_resumed_past_the_check_of_a_clients_certificate()
    {
        string session = Path.GetTempFileName();
        try
        {
            await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo(), static tls => tls.ClientCertificates = ClientCertificateMode.Allowed);
            await OpenSslClientAsync(server, $"-tls1_3 -sess_out {session}");
            string again = File.ReadAllText(session).Length == 0 ? "no session was handed out" : await OpenSslClientAsync(server, $"-tls1_3 -sess_in {session}");
            Assert.That(again, Does.Not.Contain("Reused"));
        }
        finally
        {
            File.Delete(session);
        }
    }

    [Test]
    public async Task Early_data_and_renegotiation_are_refused_and_the_connection_goes_on()
    {
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo());
        string output = await OpenSslClientAsync(server, "-tls1_2", "echo first; sleep 0.3; echo R; sleep 0.5; echo last; sleep 0.3", "");
        Assert.That(output, Does.Contain("first"));
        Assert.That(output, Does.Contain("Secure Renegotiation IS supported"));
        Assert.That(output, Does.Contain("no renegotiation"));
        string early = await OpenSslClientAsync(server, "-tls1_3");
        Assert.That(early, Does.Contain("Max Early Data: 0").Or.Contain("Early data was not sent"));
    }

    [TestCase("-tls1", "an old version")]
    [TestCase("-tls1_1", "an old version")]
    [TestCase("-tls1_2 -cipher AES128-SHA", "no forward secrecy")]
    [TestCase("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", "no authenticated encryption")]
    public async Task Weak_offers_are_refused(string offer, string because)
    {
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo());
        Assert.That(await OpenSslClientAsync(server, $"{offer} -cipher_security"), Does.Not.Contain("Cipher is ECDHE").And.Not.Contain("Cipher is AES"), because);
        Assert.That(await OpenSslClientAsync(server, offer), Does.Not.Contain("hello"), because);
    }

    [Test]
    public async Task A_stapled_response_reaches_the_client_that_asks()
    {
        byte[] response = "not a real response, but carried as it is"u8.ToArray();
        var store = new TlsCertificateStore();
        store.Set("localhost", TestCertificates.Context(TestCertificates.Server), response);
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo(), store: store);
        Assert.That(await OpenSslClientAsync(server, "-tls1_3 -status"), Does.Contain("OCSP response:").And.Not.Contain("no response sent"));
        store.Set("localhost", TestCertificates.Context(TestCertificates.Server));
        Assert.That(await OpenSslClientAsync(server, "-tls1_3 -status"), Does.Contain("no response sent"));
    }

    [Test]
    public async Task A_certificate_is_replaced_under_load_without_a_dropped_connection()
    {
        var store = new TlsCertificateStore();
        store.Set("*", TestCertificates.Context(TestCertificates.Server));
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo(), store: store);
        await using TlsClient before = await TlsClient.ConnectAsync(server.EndPoint);
        int seenOther = 0;
        async Task ConnectManyAsync()
        {
            for (int i = 0; i < 40; i++)
            {
                await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
                await client.SendAsync("x"u8.ToArray());
                await client.ReadExactlyAsync(1);
                if (TestCertificates.Other.Equals(client.Stream.RemoteCertificate))
                {
                    Interlocked.Increment(ref seenOther);
                }
                else if (i == 10)
                {
                    store.Set("*", TestCertificates.Context(TestCertificates.Other));
                }
            }
        }

        await Task.WhenAll(ConnectManyAsync(), ConnectManyAsync(), ConnectManyAsync());
        Assert.That(seenOther, Is.GreaterThan(20));
        await before.SendAsync("still here"u8.ToArray());
        Assert.That(await before.ReadExactlyAsync(10), Is.EqualTo("still here"u8.ToArray()));
    }

    [Test]
    public async Task A_handshake_in_single_bytes_and_records_in_single_bytes_are_taken()
    {
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo());
        using var socket = new System.Net.Sockets.Socket(server.EndPoint.AddressFamily, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.EndPoint, Cancellation);
        await using var stream = new SslStream(new SingleByteStream(socket));
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, shown, _, _) => TestCertificates.IsOurs(shown) },
            Cancellation);
        byte[] sent = RandomNumberGenerator.GetBytes(3_000);
        await stream.WriteAsync(sent, Cancellation);
        byte[] received = new byte[sent.Length];
        await stream.ReadExactlyAsync(received, Cancellation);
        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public async Task Handshakes_above_the_limit_are_reset_and_the_next_one_is_served_once_one_has_ended()
    {
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo(), static tls => tls.MaxConcurrentHandshakes = 2);
        await using RawClient first = await server.ConnectAsync();
        RawClient second = await server.ConnectAsync();
        while (server.Engine.ConnectionCount < 2)
        {
            await Task.Yield();
        }

        await using RawClient third = await server.ConnectAsync();
        await third.ReadToEndAsync();
        await second.DisposeAsync();
        while (server.Engine.ConnectionCount > 1)
        {
            await Task.Delay(5, Cancellation);
        }

        await using TlsClient served = await TlsClient.ConnectAsync(server.EndPoint);
        await served.SendAsync("x"u8.ToArray());
        await served.ReadExactlyAsync(1);
        await using TlsClient another = await TlsClient.ConnectAsync(server.EndPoint);
    }

    [Test]
    public async Task A_storm_of_handshakes_larger_than_a_turn_takes_is_served_whole()
    {
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo());
        TlsClient[] clients = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => TlsClient.ConnectAsync(server.EndPoint)));
        foreach (TlsClient client in clients)
        {
            await client.SendAsync("x"u8.ToArray());
            await client.ReadExactlyAsync(1);
            await client.DisposeAsync();
        }
    }

    [Test]
    public void An_unusable_certificate_falls_back_to_SslStream_by_Auto_and_is_told_by_OpenSsl()
    {
        using X509Certificate2 unusable = CreateWeak();
        Assert.That(() => new TlsContext(new TlsOptions { Certificate = unusable, Backend = TlsBackend.OpenSsl }), Throws.InstanceOf<AuthenticationException>());
        Assert.That(new TlsContext(new TlsOptions { Certificate = unusable }).BackendDescription, Does.StartWith("SslStream, because"));
        Assert.That(new TlsContext(new TlsOptions { Certificate = TestCertificates.Server }).BackendDescription, Does.StartWith("OpenSSL 3"));
    }

    /// <summary>A certificate whose key is too short for the library's security level.</summary>
    private static X509Certificate2 CreateWeak()
    {
        using var key = RSA.Create(1024);
        var request = new CertificateRequest("CN=weak", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>Debian's client: says hello, waits for the answer and its tickets, and leaves.</summary>
    /// <summary>Says hello, and hangs up once that has come back or the client has ended: tickets stand before it.</summary>
    private const string Greet = "echo hello; for i in {1..900}; do grep -q ^hello $log && break; [ -e $log.end ] && break; sleep 0.01; done";

    private static async Task<string> OpenSslClientAsync(RunningServer server, string arguments, string input = Greet, string quiet = "")
    {
        string client = $"timeout 10 openssl s_client {arguments} {quiet} -connect {server.EndPoint} -servername localhost";
        (_, string output, string error) = await ChildProcess.RunAsync(
            "bash",
            ["-c", $"log=$(mktemp); ({input}) | ({client} > $log 2>&1; touch $log.end); cat $log; rm $log $log.end"],
            TimeSpan.FromSeconds(20));
        return output + error;
    }

    private Task<RunningServer> StartSecureAsync(Func<Connection, ConnectionProtocol> createProtocol, Action<TlsOptions>? configure = null, TlsCertificateStore? store = null)
        => StartAsync(createProtocol, options =>
        {
            options.Tls = store is null ? new TlsOptions { Certificate = TestCertificates.Server } : new TlsOptions { Certificates = store };
            configure?.Invoke(options.Tls);
        });

    /// <summary>Sends each byte in a segment of its own.</summary>
    private sealed class SingleByteStream(System.Net.Sockets.Socket socket) : System.Net.Sockets.NetworkStream(socket)
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (int i = 0; i < buffer.Length; i++)
            {
                await base.WriteAsync(buffer.Slice(i, 1), cancellationToken);
            }
        }
    }
}
