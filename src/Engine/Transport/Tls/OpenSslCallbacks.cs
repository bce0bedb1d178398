using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace Engine;

/// <summary>
/// What the library asks during a handshake. Each finds its connection by the loop's port. Nothing may be thrown through the library's frames: a fault, the
/// host's included, is a refusal.
/// </summary>
internal static unsafe class OpenSslCallbacks
{
    private static readonly int ConnectionIndex = LibSsl.IsAvailable ? LibSsl.SSL_get_ex_data_X509_STORE_CTX_idx() : 0;

    /// <summary>The client's name for the host is known, or known to be missing (RFC 6066 §3).</summary>
    [UnmanagedCallersOnly]
    public static int OnServerName(nint ssl, int* alert, nint argument)
    {
        try
        {
            if (OpenSslPort.Of(ssl)?.Current is { } connection
                && connection.Server.TrySelectCertificate(connection, ssl, OpenSslServer.HostNameAt(LibSsl.SSL_get_servername(ssl, 0))))
            {
                return LibSsl.ExtensionAccepted;
            }
        }
        catch (Exception)
        {
            // Refused below.
        }

        *alert = LibSsl.AlertUnrecognizedName;
        return LibSsl.ExtensionFatal;
    }

    /// <summary>The client offers application protocols: the server's order decides, and offers that have nothing in common are refused (RFC 7301 §3.2).</summary>
    [UnmanagedCallersOnly]
    public static int OnApplicationProtocols(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, nint argument)
    {
        try
        {
            if (OpenSslPort.Of(ssl)?.Current is not { } connection)
            {
                return LibSsl.ExtensionFatal;
            }

            for (ReadOnlySpan<byte> ours = connection.Server.OfferedProtocols; !ours.IsEmpty; ours = ours[(1 + ours[0])..])
            {
                for (uint i = 0; i < offeredLength; i += 1u + offered[i])
                {
                    var theirs = new ReadOnlySpan<byte>(offered + i + 1, (int)Math.Min(offered[i], offeredLength - i - 1));
                    if (theirs.SequenceEqual(ours.Slice(1, ours[0])))
                    {
                        // The client's own bytes: they outlive the call.
                        *chosen = offered + i + 1;
                        *chosenLength = offered[i];
                        return LibSsl.ExtensionAccepted;
                    }
                }
            }
        }
        catch (Exception)
        {
            // Refused below.
        }

        return LibSsl.ExtensionFatal;
    }

    /// <summary>The client showed a certificate: .NET's chain and the host decide.</summary>
    [UnmanagedCallersOnly]
    public static int OnClientCertificate(nint store, nint argument)
    {
        try
        {
            nint ssl = LibSsl.X509_STORE_CTX_get_ex_data(store, ConnectionIndex);
            nint leaf = LibSsl.X509_STORE_CTX_get0_cert(store);
            if (ssl != 0 && leaf != 0 && OpenSslPort.Of(ssl)?.Current is { } connection)
            {
                X509Certificate2 shown = Copy(leaf);
                if (connection.Server.IsClientAccepted(shown, CopyAll(LibSsl.X509_STORE_CTX_get0_untrusted(store))))
                {
                    connection.ClientCertificate = shown;
                    return 1;
                }

                shown.Dispose();
            }
        }
        catch (Exception)
        {
            // Refused below.
        }

        LibSsl.X509_STORE_CTX_set_error(store, LibSsl.ApplicationVerificationError);
        return 0;
    }

    /// <summary>The client asks for a stapled answer (RFC 6066 §8).</summary>
    [UnmanagedCallersOnly]
    public static int OnStatusRequest(nint ssl, nint argument)
    {
        try
        {
            if (OpenSslPort.Of(ssl)?.Current is not { } connection || connection.OcspResponse.IsEmpty)
            {
                return LibSsl.ExtensionIgnored;
            }

            // The library frees it.
            ReadOnlySpan<byte> response = connection.OcspResponse.Span;
            nint copy = LibSsl.CRYPTO_malloc((nuint)response.Length, null, 0);
            if (copy == 0)
            {
                return LibSsl.ExtensionIgnored;
            }

            response.CopyTo(new Span<byte>((void*)copy, response.Length));
            _ = LibSsl.SSL_ctrl(ssl, LibSsl.SetStatusResponse, response.Length, (void*)copy);
            return LibSsl.ExtensionAccepted;
        }
        catch (Exception)
        {
            return LibSsl.ExtensionIgnored;
        }
    }

    /// <summary>
    /// A ticket is made or read (RFC 5077). Returns 1 to go on, 2 to go on and make a new ticket, 0 for a ticket of a key that is not known, which leads to a
    /// whole handshake, and -1 for a failure.
    /// </summary>
    [UnmanagedCallersOnly]
    public static int OnTicketKey(nint ssl, byte* keyName, byte* iv, nint cipherContext, nint macContext, int isNew)
    {
        try
        {
            int result = OpenSslPort.Of(ssl)?.Current is { } connection
                ? OpenSslTickets.Prepare(connection.Server.TicketKeys, keyName, iv, cipherContext, macContext, isNew != 0)
                : -1;

            // In TLS 1.3 clients use a ticket once (RFC 8446 appendix C.4), so whoever resumes gets another.
            return result == 1 && isNew == 0 && LibSsl.SSL_version(ssl) == LibSsl.Tls13 ? 2 : result;
        }
        catch (Exception)
        {
            return -1;
        }
    }

    private static X509Certificate2Collection CopyAll(nint stack)
    {
        var all = new X509Certificate2Collection();
        int count = stack == 0 ? 0 : LibSsl.OPENSSL_sk_num(stack);
        for (int i = 0; i < count; i++)
        {
            _ = all.Add(Copy(LibSsl.OPENSSL_sk_value(stack, i)));
        }

        return all;
    }

    private static X509Certificate2 Copy(nint certificate)
    {
        byte[] encoded = new byte[LibSsl.i2d_X509(certificate, null)];
        fixed (byte* start = encoded)
        {
            byte* bytes = start;
            _ = LibSsl.i2d_X509(certificate, &bytes);
        }

        return X509CertificateLoader.LoadCertificate(encoded);
    }
}
