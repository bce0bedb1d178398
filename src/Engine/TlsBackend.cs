namespace Engine;

/// <summary>Which library speaks TLS. Both do the same for protocols and peers; they differ in cost.</summary>
public enum TlsBackend
{
    /// <summary>OpenSSL where version 3 is found and takes the certificate, otherwise <see cref="SslStream"/>. The log says which.</summary>
    Auto = 0,

    /// <summary>The runtime's <see cref="System.Net.Security.SslStream"/>, on every operating system.</summary>
    SslStream = 1,

    /// <summary>OpenSSL 3 directly (libssl.so.3, on Linux): a fraction of the processor time a handshake. The server does not start without it.</summary>
    OpenSsl = 2,
}
