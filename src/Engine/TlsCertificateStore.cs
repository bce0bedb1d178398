using System.Collections.Concurrent;
using System.Net.Security;

namespace Engine;

/// <summary>
/// Certificates by host name (SNI, RFC 6066 §3), which may be added, replaced and removed while servers run: handshakes that begin afterwards use what is
/// here then; connections that stand are not touched. Any thread.
/// </summary>
public sealed class TlsCertificateStore
{
    private readonly ConcurrentDictionary<string, Entry> _byName = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether there is no certificate.</summary>
    public bool IsEmpty => _byName.IsEmpty;

    /// <summary>Adds a certificate for a host name, or replaces the one that is there.</summary>
    /// <param name="hostName">A name (<c>www.example.org</c>), the names of one level below it (<c>*.example.org</c>), or <c>*</c> for all that have no other.</param>
    /// <param name="certificate">
    /// The certificate with its chain and key. The caller keeps it alive while it is here. One context for one certificate: sessions are resumed within a context only.
    /// </param>
    /// <param name="ocspResponse">The certificate authority's signed answer (OCSP), stapled for clients that ask; nothing by default. The OpenSSL back end sends it.</param>
    public void Set(string hostName, SslStreamCertificateContext certificate, ReadOnlyMemory<byte> ocspResponse = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(hostName);
        ArgumentNullException.ThrowIfNull(certificate);
        _byName[hostName] = new Entry(certificate, ocspResponse);
    }

    /// <summary>Removes a host name's certificate. Returns false if there was none.</summary>
    public bool Remove(string hostName)
    {
        ArgumentNullException.ThrowIfNull(hostName);
        return _byName.TryRemove(hostName, out _);
    }

    /// <summary>Returns the certificate of the name itself, then of its wildcard (RFC 9525 §6.3: the whole left-most label), then of <c>*</c>.</summary>
    internal Entry? Find(string? hostName)
    {
        if (_byName.IsEmpty)
        {
            return null;
        }

        if (hostName is not null)
        {
            if (_byName.TryGetValue(hostName, out Entry? exact))
            {
                return exact;
            }

            int dot = hostName.IndexOf('.', StringComparison.Ordinal);
            if (dot > 0 && _byName.TryGetValue(string.Concat("*", hostName.AsSpan(dot)), out Entry? wildcard))
            {
                return wildcard;
            }
        }

        return _byName.GetValueOrDefault("*");
    }

    internal sealed record Entry(SslStreamCertificateContext Certificate, ReadOnlyMemory<byte> OcspResponse);
}
