using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Engine;

/// <summary>One certificate with its chain and key as the library holds them (SSL_CTX), with everything that the server's options say. Any thread.</summary>
internal sealed unsafe class OpenSslCertificate : SafeHandle
{
    /// <summary>Forward secret and authenticated only; TLS 1.3 has nothing else. AES first where the client has no other wish, as processors encrypt it.</summary>
    private static ReadOnlySpan<byte> Tls12Ciphers =>
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305\0"u8;

    /// <exception cref="AuthenticationException">The library does not take the certificate or its key.</exception>
    public OpenSslCertificate(OpenSslServer server, SslStreamCertificateContext? certificate)
        : base(0, ownsHandle: true)
    {
        nint context = LibSsl.SSL_CTX_new(LibSsl.TLS_server_method());
        SetHandle(context);
        Check(context != 0, "made no context");
        Configure(context, server);
        if (certificate is not null)
        {
            Use(context, certificate);
        }
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The library's pointer, valid while this object is alive; sessions made from it keep it alive themselves.</summary>
    public nint Pointer => handle;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        return true;
    }

    private static void Configure(nint context, OpenSslServer server)
    {
        TlsOptions options = server.Options;
        ulong flags = LibSsl.NoCompression | LibSsl.NoRenegotiation | LibSsl.CipherServerPreference;
        SslProtocols protocols = options.EnabledProtocols == SslProtocols.None ? SslProtocols.Tls12 | SslProtocols.Tls13 : options.EnabledProtocols;
        int min = protocols.HasFlag(SslProtocols.Tls12) ? LibSsl.Tls12 : LibSsl.Tls13;
        int max = protocols.HasFlag(SslProtocols.Tls13) ? LibSsl.Tls13 : LibSsl.Tls12;
        Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.SetMinVersion, min, null) == 1 && LibSsl.SSL_CTX_ctrl(context, LibSsl.SetMaxVersion, max, null) == 1, "refuses the versions");
        _ = LibSsl.SSL_CTX_ctrl(context, LibSsl.SetMode, LibSsl.ModeReleaseBuffers | LibSsl.ModeMovingWriteBuffer, null);
        fixed (byte* ciphers = Tls12Ciphers)
        {
            Check(LibSsl.SSL_CTX_set_cipher_list(context, ciphers) == 1, "refuses the ciphers");
        }

        // Sessions live in tickets only: nothing is kept for a client that does not come back.
        _ = LibSsl.SSL_CTX_ctrl(context, LibSsl.SetSessionCacheMode, 0, null);
        fixed (byte* name = "engine"u8)
        {
            _ = LibSsl.SSL_CTX_set_session_id_context(context, name, 6);
        }

        if (options.ClientCertificates == ClientCertificateMode.None)
        {
            // One ticket: a client that comes back does so once, and gets the next one then.
            _ = LibSsl.SSL_CTX_set_num_tickets(context, 1);
            _ = LibSsl.SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &OpenSslCallbacks.OnTicketKey);
        }
        else
        {
            // The host decides on a client's certificate at every connection, so no session is resumed past it.
            flags |= LibSsl.NoTicket;
            _ = LibSsl.SSL_CTX_set_num_tickets(context, 0);
            int mode = LibSsl.VerifyPeer | (options.ClientCertificates == ClientCertificateMode.Required ? LibSsl.FailIfNoPeerCertificate : 0);
            LibSsl.SSL_CTX_set_verify(context, mode, 0);
            LibSsl.SSL_CTX_set_cert_verify_callback(context, &OpenSslCallbacks.OnClientCertificate, 0);
        }

        _ = LibSsl.SSL_CTX_set_options(context, flags);
        _ = LibSsl.SSL_CTX_callback_ctrl(context, LibSsl.SetServerNameCallback, (delegate* unmanaged<nint, int*, nint, int>)&OpenSslCallbacks.OnServerName);
        _ = LibSsl.SSL_CTX_callback_ctrl(context, LibSsl.SetStatusCallback, (delegate* unmanaged<nint, nint, int>)&OpenSslCallbacks.OnStatusRequest);
        if (!server.OfferedProtocols.IsEmpty)
        {
            LibSsl.SSL_CTX_set_alpn_select_cb(context, &OpenSslCallbacks.OnApplicationProtocols, 0);
        }
    }

    private static void Use(nint context, SslStreamCertificateContext certificate)
    {
        X509Certificate2 leaf = certificate.TargetCertificate;
        nint parsed = Parse(leaf);
        bool taken = LibSsl.SSL_CTX_use_certificate(context, parsed) == 1;
        LibSsl.X509_free(parsed);
        Check(taken, "refuses the certificate");
        foreach (X509Certificate2 intermediate in certificate.IntermediateCertificates)
        {
            nint link = Parse(intermediate);
            taken = LibSsl.SSL_CTX_ctrl(context, LibSsl.AddChainCertificate, 1, (void*)link) == 1;
            LibSsl.X509_free(link);
            Check(taken, "refuses the chain");
        }

        UseKey(context, leaf);
        Check(LibSsl.SSL_CTX_check_private_key(context) == 1, "finds that key and certificate do not belong together");
    }

    private static nint Parse(X509Certificate2 certificate)
    {
        byte[] encoded = certificate.RawData;
        fixed (byte* start = encoded)
        {
            byte* bytes = start;
            nint parsed = LibSsl.d2i_X509(null, &bytes, encoded.Length);
            Check(parsed != 0, "cannot read the certificate");
            return parsed;
        }
    }

    private static void UseKey(nint context, X509Certificate2 certificate)
    {
        byte[] encoded;
        try
        {
            using AsymmetricAlgorithm? key = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey();
            encoded = key?.ExportPkcs8PrivateKey() ?? throw new AuthenticationException("The certificate's key is neither ECDSA nor RSA.");
        }
        catch (CryptographicException exception)
        {
            throw new AuthenticationException("The certificate's key cannot be exported to OpenSSL.", exception);
        }

        fixed (byte* start = encoded)
        {
            byte* bytes = start;
            nint parsed = LibSsl.d2i_AutoPrivateKey(null, &bytes, encoded.Length);
            CryptographicOperations.ZeroMemory(encoded);
            Check(parsed != 0, "cannot read the key");
            bool taken = LibSsl.SSL_CTX_use_PrivateKey(context, parsed) == 1;
            LibSsl.EVP_PKEY_free(parsed);
            Check(taken, "refuses the key");
        }
    }

    private static void Check(bool condition, string complaint)
    {
        if (!condition)
        {
            LibSsl.ERR_clear_error();
            throw new AuthenticationException($"OpenSSL {complaint}.");
        }
    }
}
