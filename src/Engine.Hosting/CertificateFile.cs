using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Engine.Hosting;

/// <summary>Reads a certificate, its chain and its key from PEM files. Dispose it when no server uses it any more.</summary>
internal sealed class CertificateFile : IDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _chain = [];

    private CertificateFile(X509Certificate2 certificate, byte[] digest)
    {
        _certificate = certificate;
        Digest = digest;
    }

    /// <summary>What tells this content of the files from another.</summary>
    public byte[] Digest { get; }

    /// <summary>What the server speaks TLS with. One for one certificate, because sessions are resumed within it only.</summary>
    public SslStreamCertificateContext Context { get; private set; } = null!;

    /// <summary>Whether this is how files fail that are missing, half written or of the wrong content.</summary>
    public static bool IsUnusable(Exception exception) => exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;

    /// <summary>Reads the files now.</summary>
    public static CertificateFile Load(CertificateSettings settings)
    {
        string certificatePem = File.ReadAllText(settings.CertificatePath!);
        string keyPem = settings.KeyPath is { Length: > 0 } path ? File.ReadAllText(path) : certificatePem;
        X509Certificate2 certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        if (OperatingSystem.IsWindows())
        {
            // Windows speaks TLS with keys of its store only.
            using X509Certificate2 ephemeral = certificate;
            certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), password: null);
        }

        var file = new CertificateFile(certificate, DigestOf(certificatePem, keyPem));
        file._chain.ImportFromPem(certificatePem);
        file._chain[0].Dispose();
        file._chain.RemoveAt(0);
        file.Context = SslStreamCertificateContext.Create(certificate, file._chain, offline: true);
        return file;
    }

    /// <summary>Whether the files hold something else by now. False when they cannot be read.</summary>
    public bool HasChanged(CertificateSettings settings)
    {
        string certificatePem = File.ReadAllText(settings.CertificatePath!);
        string keyPem = settings.KeyPath is { Length: > 0 } path ? File.ReadAllText(path) : certificatePem;
        return !DigestOf(certificatePem, keyPem).AsSpan().SequenceEqual(Digest);
    }

    public void Dispose()
    {
        _certificate.Dispose();
        foreach (X509Certificate2 issuer in _chain)
        {
            issuer.Dispose();
        }
    }

    private static byte[] DigestOf(string certificatePem, string keyPem) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(certificatePem + "\0" + keyPem));
}
