using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Engine.Tests;

/// <summary>Certificates made on the spot, with keys that are cheap to use.</summary>
internal static class TestCertificates
{
    public static X509Certificate2 Server { get; } = Create("localhost");

    public static X509Certificate2 Other { get; } = Create("other.test");

    public static X509Certificate2 Client { get; } = Create("a client");

    public static bool IsOurs(X509Certificate? shown) => Server.Equals(shown) || Other.Equals(shown);

    public static X509Certificate2 Create(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name.Replace(' ', '-'));
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));

        // Through the exchange format, because an ephemeral key does not serve on every operating system.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }
}
