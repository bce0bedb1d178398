using System.Runtime.InteropServices;
using System.Text;

namespace Engine.Tests;

/// <summary>
/// OpenSSL's own client over a pair of memory BIOs: what it wants to send is taken from it as bytes, and what the server sent is given to it. So a test can cut,
/// change and repeat every flight. One thread.
/// </summary>
internal sealed class OpenSslClient : IDisposable
{
    private const int SetMinVersion = 123;
    private const int SetMaxVersion = 124;
    private const int SetHostName = 55;

    private static readonly nint Context = SSL_CTX_new(TLS_client_method());

    private readonly nint _ssl = SSL_new(Context);
    private readonly nint _in = BIO_new(BIO_s_mem());
    private readonly nint _out = BIO_new(BIO_s_mem());
    private readonly byte[] _buffer = new byte[32_768];

    /// <param name="isTls12">Speaks version 1.2; otherwise 1.3.</param>
    /// <param name="hostName">What it names; null for nothing.</param>
    public OpenSslClient(bool isTls12, string? hostName = "localhost")
    {
        _ = SSL_ctrl(_ssl, isTls12 ? SetMaxVersion : SetMinVersion, isTls12 ? 0x0303 : 0x0304, ref _buffer[0]);
        if (hostName is not null)
        {
            _ = SSL_ctrl(_ssl, SetHostName, 0, ref Encoding.ASCII.GetBytes(hostName + '\0')[0]);
        }

        SSL_set_bio(_ssl, _in, _out);
        SSL_set_connect_state(_ssl);
    }

    /// <summary>Gives it what the server sent and takes a step of the handshake. Returns what it answers; nothing when it waits for more, or has failed.</summary>
    public byte[] Handshake(ReadOnlySpan<byte> fromServer)
    {
        Give(fromServer);
        _ = SSL_do_handshake(_ssl);
        return TakeOutput();
    }

    /// <summary>Returns the records that carry these bytes.</summary>
    public byte[] Encrypt(ReadOnlySpan<byte> plain)
    {
        _ = SSL_write(_ssl, in MemoryMarshal.GetReference(plain), plain.Length);
        return TakeOutput();
    }

    /// <summary>Gives it what the server sent and returns the plain bytes of it.</summary>
    public byte[] Decrypt(ReadOnlySpan<byte> fromServer)
    {
        Give(fromServer);
        int count = SSL_read(_ssl, ref _buffer[0], _buffer.Length);
        return count > 0 ? _buffer.AsSpan(0, count).ToArray() : [];
    }

    /// <summary>Returns a record that asks for new keys (RFC 8446 §4.6.3), as the next bytes that it encrypts are preceded by it.</summary>
    public byte[] UpdateKeys(bool asksTheSame)
    {
        _ = SSL_key_update(_ssl, asksTheSame ? 1 : 0);
        _ = SSL_do_handshake(_ssl);
        return TakeOutput();
    }

    /// <summary>Returns close_notify.</summary>
    public byte[] Shutdown()
    {
        _ = SSL_shutdown(_ssl);
        return TakeOutput();
    }

    public void Dispose() => SSL_free(_ssl);

    private void Give(ReadOnlySpan<byte> ciphertext)
    {
        if (!ciphertext.IsEmpty)
        {
            _ = BIO_write(_in, in MemoryMarshal.GetReference(ciphertext), ciphertext.Length);
        }
    }

    private byte[] TakeOutput()
    {
        ERR_clear_error();
        using var all = new MemoryStream();
        for (int count; (count = BIO_read(_out, ref _buffer[0], _buffer.Length)) > 0;)
        {
            all.Write(_buffer, 0, count);
        }

        return all.ToArray();
    }

#pragma warning disable SA1300, IDE1006 // Names are the library's.
    [DllImport("libssl.so.3")]
    private static extern nint TLS_client_method();

    [DllImport("libssl.so.3")]
    private static extern nint SSL_CTX_new(nint method);

    [DllImport("libssl.so.3")]
    private static extern nint SSL_new(nint context);

    [DllImport("libssl.so.3")]
    private static extern void SSL_free(nint ssl);

    [DllImport("libssl.so.3")]
    private static extern nint SSL_ctrl(nint ssl, int command, nint number, ref byte pointer);

    [DllImport("libssl.so.3")]
    private static extern void SSL_set_bio(nint ssl, nint read, nint write);

    [DllImport("libssl.so.3")]
    private static extern void SSL_set_connect_state(nint ssl);

    [DllImport("libssl.so.3")]
    private static extern int SSL_do_handshake(nint ssl);

    [DllImport("libssl.so.3")]
    private static extern int SSL_read(nint ssl, ref byte into, int length);

    [DllImport("libssl.so.3")]
    private static extern int SSL_write(nint ssl, in byte bytes, int length);

    [DllImport("libssl.so.3")]
    private static extern int SSL_key_update(nint ssl, int kind);

    [DllImport("libssl.so.3")]
    private static extern int SSL_shutdown(nint ssl);

    [DllImport("libcrypto.so.3")]
    private static extern nint BIO_s_mem();

    [DllImport("libcrypto.so.3")]
    private static extern nint BIO_new(nint method);

    [DllImport("libcrypto.so.3")]
    private static extern int BIO_read(nint bio, ref byte into, int length);

    [DllImport("libcrypto.so.3")]
    private static extern int BIO_write(nint bio, in byte bytes, int length);

    [DllImport("libcrypto.so.3")]
    private static extern void ERR_clear_error();
#pragma warning restore SA1300, IDE1006
}
