using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Engine.Hosting.Tests;

/// <summary>Certificates follow their files while the server runs.</summary>
[Category("Sockets")]
[CancelAfter(30_000)]
public sealed class CertificateWatchTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("engine-certificates-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task New_files_serve_the_next_handshake_and_bad_ones_change_nothing(CancellationToken cancellationToken)
    {
        Write("first.test");
        await using TestHost host = await TestHost.StartAsync(
            static services => services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server)),
            ("Engine:CertificateCheckInterval", "00:00:00.02"),
            ("Engine:Servers:web:Certificates:0:CertificatePath", Path.Combine(_folder, "cert.pem")),
            ("Engine:Servers:web:Certificates:0:KeyPath", Path.Combine(_folder, "key.pem")));
        Assert.That(await NameAsync(host, cancellationToken), Is.EqualTo("CN=first.test"));

        Write("second.test");
        await host.Log.WaitForAsync("was replaced", cancellationToken);
        Assert.That(await NameAsync(host, cancellationToken), Is.EqualTo("CN=second.test"));

        await File.WriteAllTextAsync(Path.Combine(_folder, "cert.pem"), "-----BEGIN CERTIFICATE-----\nhalf", cancellationToken);
        await host.Log.WaitForAsync("stays as it is", cancellationToken);
        Assert.That(await NameAsync(host, cancellationToken), Is.EqualTo("CN=second.test"));

        Write("third.test");
        await host.Log.WaitForAsync("was replaced", cancellationToken);
        Assert.That(await NameAsync(host, cancellationToken), Is.EqualTo("CN=third.test"));
    }

    [Test]
    public async Task A_name_of_its_own_gets_its_own_certificate(CancellationToken cancellationToken)
    {
        Write("rest.test");
        string both = Path.Combine(_folder, "own.pem");
        (string certificate, string key) = Make("own.test");
        await File.WriteAllTextAsync(both, certificate + "\n" + key, cancellationToken);
        await using TestHost host = await TestHost.StartAsync(
            static services => services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server)),
            ("Engine:Servers:web:Certificates:0:CertificatePath", Path.Combine(_folder, "cert.pem")),
            ("Engine:Servers:web:Certificates:0:KeyPath", Path.Combine(_folder, "key.pem")),
            ("Engine:Servers:web:Certificates:1:HostName", "own.test"),
            ("Engine:Servers:web:Certificates:1:CertificatePath", both));
        Assert.That(await NameAsync(host, cancellationToken, "own.test"), Is.EqualTo("CN=own.test"));
        Assert.That(await NameAsync(host, cancellationToken, "other.test"), Is.EqualTo("CN=rest.test"));
    }

    [Test]
    public void A_key_of_another_certificate_fails_the_start()
    {
        Write("first.test");
        File.WriteAllText(Path.Combine(_folder, "key.pem"), Make("other.test").Key);
        Assert.That(
            async () => await TestHost.StartAsync(
                static services => services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server)),
                ("Engine:Servers:web:Certificates:0:CertificatePath", Path.Combine(_folder, "cert.pem")),
                ("Engine:Servers:web:Certificates:0:KeyPath", Path.Combine(_folder, "key.pem"))),
            Throws.Exception.With.Message.Contains("Engine:Servers:web:Certificates:0:CertificatePath"));
    }

    private static async Task<string> NameAsync(TestHost host, CancellationToken cancellationToken, string serverName = "any.test")
    {
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)host.EndPoint("web"), cancellationToken);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = serverName, RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null }, cancellationToken);
        return tls.RemoteCertificate!.Subject;
    }

    private void Write(string name)
    {
        (string certificate, string key) = Make(name);
        File.WriteAllText(Path.Combine(_folder, "cert.pem"), certificate);
        File.WriteAllText(Path.Combine(_folder, "key.pem"), key);
    }

    private static (string Certificate, string Key) Make(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
