using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Engine;

/// <summary>What the TLS connections of one server share: the options, the library, and the certificate with its chain, built once. Any thread.</summary>
internal sealed class TlsContext
{
    /// <summary>Extended key usage of TLS clients (RFC 5280 §4.2.1.12).</summary>
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly List<SslApplicationProtocol>? _applicationProtocols;
    private readonly SslStreamCertificateContext? _certificate;
    private readonly ServerOptionsSelectionCallback _select;
    private readonly OpenSslServer? _openSsl;

    /// <exception cref="PlatformNotSupportedException">OpenSSL was asked for, and there is none of version 3.</exception>
    /// <exception cref="AuthenticationException">OpenSSL was asked for, and it does not take the certificate.</exception>
    public TlsContext(TlsOptions options)
    {
        Options = options;
        _applicationProtocols = options.ApplicationProtocols.Count > 0 ? [.. options.ApplicationProtocols] : null;
        HandshakeMilliseconds = Math.Max((long)options.HandshakeTimeout.TotalMilliseconds, 1);

        // Offline: a handshake must not wait for the servers of a certificate's issuer.
        _certificate = options.Certificate is { } certificate ? SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true) : null;
        _select = (_, hello, _, _) => ValueTask.FromResult(OptionsFor(hello.ServerName));
        (_openSsl, BackendDescription) = ChooseBackend();
    }

    public TlsOptions Options { get; }

    public long HandshakeMilliseconds { get; }

    /// <summary>The library that is used, and why, for the log.</summary>
    public string BackendDescription { get; }

    /// <summary>The certificate of clients that name no host, as far as it is known beforehand.</summary>
    public SslStreamCertificateContext? DefaultCertificate => _certificate ?? Options.Certificates.Find(null)?.Certificate;

    private bool ChoosesByName => Options.SelectCertificate is not null || !Options.Certificates.IsEmpty;

    /// <summary>Puts TLS on top of a connection.</summary>
    public TlsTransportConnection Wrap(TransportConnection inner)
        => _openSsl is { } server ? new OpenSslConnection(inner, this, server) : new SslStreamConnection(inner, AuthenticateAsync, HandshakeMilliseconds);

    /// <summary>Whether connections that came in there are secured. When the host's function throws they are, which is the safe side.</summary>
    public bool AppliesTo(EndPoint? local)
    {
        try
        {
            return Options.AppliesTo?.Invoke(local) ?? true;
        }
        catch (Exception)
        {
            return true;
        }
    }

    private Task AuthenticateAsync(SslStream stream)
        => ChoosesByName
            ? stream.AuthenticateAsServerAsync(_select, state: null)
            : stream.AuthenticateAsServerAsync(OptionsWith(_certificate!));

    /// <summary>Returns the certificate for a host name: the host's function first, then the store, then the one of the options. Null if there is none.</summary>
    public SslStreamCertificateContext? Select(string? hostName, out ReadOnlyMemory<byte> ocspResponse)
    {
        ocspResponse = default;
        if (Options.SelectCertificate?.Invoke(hostName) is { } chosen)
        {
            return chosen;
        }

        if (Options.Certificates.Find(hostName) is { } entry)
        {
            ocspResponse = entry.OcspResponse;
            return entry.Certificate;
        }

        return _certificate;
    }

    /// <summary>Has the host, or the machine's trust, decide on a client's certificate.</summary>
    public bool IsClientAccepted(X509Certificate2 shown, X509Certificate2Collection intermediates)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        chain.ChainPolicy.ExtraStore.AddRange(intermediates);
        SslPolicyErrors errors = chain.Build(shown) ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateChainErrors;
        return IsClientAccepted(this, shown, chain, errors);
    }

    private (OpenSslServer? Server, string Description) ChooseBackend()
    {
        if (Options.Backend == TlsBackend.SslStream)
        {
            return (null, "SslStream, as the options say");
        }

        if (!LibSsl.IsAvailable)
        {
            return Options.Backend == TlsBackend.OpenSsl
                ? throw new PlatformNotSupportedException("TLS by OpenSSL needs libssl.so.3 and libcrypto.so.3, on Linux.")
                : (null, "SslStream, because OpenSSL 3 was not found");
        }

        try
        {
            return (new OpenSslServer(this), LibSsl.Version!);
        }
        catch (AuthenticationException exception) when (Options.Backend == TlsBackend.Auto)
        {
            return (null, $"SslStream, because {exception.Message}");
        }
    }

    private SslServerAuthenticationOptions OptionsFor(string? hostName)
        => Select(string.IsNullOrEmpty(hostName) ? null : hostName, out _) is { } chosen
            ? OptionsWith(chosen)
            : throw new AuthenticationException("There is no certificate for that host name.");

    private SslServerAuthenticationOptions OptionsWith(SslStreamCertificateContext certificate) => new()
    {
        ServerCertificateContext = certificate,
        ApplicationProtocols = _applicationProtocols,
        EnabledSslProtocols = Options.EnabledProtocols,
        AllowRenegotiation = false,
        EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        ClientCertificateRequired = Options.ClientCertificates != ClientCertificateMode.None,
        RemoteCertificateValidationCallback = Options.ClientCertificates == ClientCertificateMode.None ? null : IsClientAccepted,
    };

    private bool IsClientAccepted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 shown)
        {
            return Options.ClientCertificates == ClientCertificateMode.Allowed;
        }

        return Options.ValidateClientCertificate is { } validate ? validate(shown, chain, errors) : errors == SslPolicyErrors.None;
    }
}
