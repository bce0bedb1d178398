using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Engine.Tests;

/// <summary>Certificates made on the spot, with keys that are cheap to use.</summary>
internal static class TestCertificates
{
    public static X509Certificate2 Server { get; } = Create("localhost");

    public static X509Certificate2 Other { get; } = Create("other.test");

    public static X509Certificate2 Client { get; } = Create("a client");

    /// <summary>Returns the context of a certificate without issuers, as the store of the options takes it.</summary>
    public static SslStreamCertificateContext Context(X509Certificate2 certificate) => SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);

    public static bool IsOurs(X509Certificate? shown) => Server.Equals(shown) || Other.Equals(shown);

    /// <summary>Good until yesterday.</summary>
    public static X509Certificate2 Expired { get; } = Create("too late", validDays: -1);

    /// <summary>Says of itself that it is for servers only (RFC 5280 §4.2.1.12).</summary>
    public static X509Certificate2 ServerOnly { get; } = Create("a server", purpose: "1.3.6.1.5.5.7.3.1");

    public static X509Certificate2 Create(string name, int validDays = 30, string? purpose = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name.Replace(' ', '-'));
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        if (purpose is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        }

        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-60), DateTimeOffset.UtcNow.AddDays(validDays));

        // Through the exchange format, because an ephemeral key does not serve on every operating system.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }
}
