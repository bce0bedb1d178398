using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Engine;

/// <summary>What the TLS connections of one server share: the options, and the certificate with its chain, built once. Any thread.</summary>
internal sealed class TlsContext
{
    private readonly TlsOptions _options;
    private readonly List<SslApplicationProtocol>? _applicationProtocols;
    private readonly SslStreamCertificateContext? _certificate;
    private readonly ServerOptionsSelectionCallback _select;

    public TlsContext(TlsOptions options)
    {
        _options = options;
        _applicationProtocols = options.ApplicationProtocols.Count > 0 ? [.. options.ApplicationProtocols] : null;
        HandshakeMilliseconds = Math.Max((long)options.HandshakeTimeout.TotalMilliseconds, 1);

        // Offline: a handshake must not wait for the servers of a certificate's issuer.
        _certificate = options.Certificate is { } certificate ? SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true) : null;
        _select = (_, hello, _, _) => ValueTask.FromResult(OptionsFor(hello.ServerName));
    }

    public long HandshakeMilliseconds { get; }

    /// <summary>Whether connections that came in there are secured. When the host's function throws they are, which is the safe side.</summary>
    public bool AppliesTo(EndPoint? local)
    {
        try
        {
            return _options.AppliesTo?.Invoke(local) ?? true;
        }
        catch (Exception)
        {
            return true;
        }
    }

    /// <summary>Shakes hands as a server. It completes on the loop, unless a function of the host's leaves it.</summary>
    public Task AuthenticateAsync(SslStream stream)
        => _options.SelectCertificate is null
            ? stream.AuthenticateAsServerAsync(OptionsWith(_certificate!))
            : stream.AuthenticateAsServerAsync(_select, state: null);

    private SslServerAuthenticationOptions OptionsFor(string? hostName)
    {
        SslStreamCertificateContext? chosen = _options.SelectCertificate!(string.IsNullOrEmpty(hostName) ? null : hostName) ?? _certificate;
        return chosen is null ? throw new AuthenticationException("There is no certificate for that host name.") : OptionsWith(chosen);
    }

    private SslServerAuthenticationOptions OptionsWith(SslStreamCertificateContext certificate) => new()
    {
        ServerCertificateContext = certificate,
        ApplicationProtocols = _applicationProtocols,
        EnabledSslProtocols = _options.EnabledProtocols,
        AllowRenegotiation = false,
        EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        ClientCertificateRequired = _options.ClientCertificates != ClientCertificateMode.None,
        RemoteCertificateValidationCallback = _options.ClientCertificates == ClientCertificateMode.None ? null : IsClientAccepted,
    };

    private bool IsClientAccepted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 shown)
        {
            return _options.ClientCertificates == ClientCertificateMode.Allowed;
        }

        return _options.ValidateClientCertificate is { } validate ? validate(shown, chain, errors) : errors == SslPolicyErrors.None;
    }
}
