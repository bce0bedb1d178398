using System.Runtime.InteropServices;

namespace Engine;

/// <summary>
/// Every call into OpenSSL 3, nowhere else. Only calls that take a fraction of a microsecond and never call back skip the collector's transition.
/// Pointers are plain <see cref="nint"/>: the types that own them say who frees them.
/// </summary>
internal static unsafe class LibSsl
{
    public const int WantRead = 2;
    public const int ZeroReturn = 6;

    public const int VerifyPeer = 1;
    public const int FailIfNoPeerCertificate = 2;
    public const int ApplicationVerificationError = 50;

    public const int ExtensionAccepted = 0;
    public const int ExtensionFatal = 2;
    public const int ExtensionIgnored = 3;
    public const int AlertUnrecognizedName = 112;

    public const ulong NoCompression = 1UL << 17;
    public const ulong NoTicket = 1UL << 14;
    public const ulong CipherServerPreference = 1UL << 22;
    public const ulong NoRenegotiation = 1UL << 30;

    public const int ModeReleaseBuffers = 0x10;
    public const int ModeMovingWriteBuffer = 0x02;

    public const int SetMode = 33;
    public const int SetSessionCacheMode = 44;
    public const int SetServerNameCallback = 53;
    public const int SetStatusCallback = 63;
    public const int SetStatusResponse = 71;
    public const int AddChainCertificate = 89;
    public const int SetMinVersion = 123;
    public const int SetMaxVersion = 124;

    public const int Tls12 = 0x0303;
    public const int Tls13 = 0x0304;

    public const int BioFlush = 11;
    public const int BioRead = 0x01;
    public const int BioRetry = 0x08;
    public const int BioFlagMask = 0x0F;

    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";
    private const ulong NoAtExit = 0x00080000;

    /// <summary>Whether the library is there and is version 3. The process loads it once; asking again costs nothing.</summary>
    public static bool IsAvailable { get; } = Load();

    /// <summary>The version that is loaded, as OpenSSL writes it; null without one.</summary>
    public static string? Version => IsAvailable ? Marshal.PtrToStringUTF8(OpenSSL_version(0)) : null;

    private static bool Load()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad(Ssl, out _) || !NativeLibrary.TryLoad(Crypto, out _))
        {
            return false;
        }

        // Without a handler at exit: loops may still be inside the library when the process ends.
        return OPENSSL_init_crypto(NoAtExit, 0) == 1 && OPENSSL_init_ssl(0, 0) == 1;
    }

#pragma warning disable SA1300, CA2101, IDE1006 // Names are the library's.
    [DllImport(Crypto)]
    public static extern nint OpenSSL_version(int type);

    [DllImport(Crypto)]
    public static extern int OPENSSL_init_crypto(ulong options, nint settings);

    [DllImport(Ssl)]
    public static extern int OPENSSL_init_ssl(ulong options, nint settings);

    [DllImport(Crypto)]
    [SuppressGCTransition]
    public static extern void ERR_clear_error();

    [DllImport(Ssl)]
    public static extern nint TLS_server_method();

    [DllImport(Ssl)]
    public static extern nint SSL_CTX_new(nint method);

    [DllImport(Ssl)]
    public static extern void SSL_CTX_free(nint context);

    [DllImport(Ssl)]
    public static extern ulong SSL_CTX_set_options(nint context, ulong options);

    [DllImport(Ssl)]
    public static extern nint SSL_CTX_ctrl(nint context, int command, nint number, void* pointer);

    [DllImport(Ssl)]
    public static extern nint SSL_CTX_callback_ctrl(nint context, int command, void* callback);

    [DllImport(Ssl)]
    public static extern int SSL_CTX_set_cipher_list(nint context, byte* list);

    [DllImport(Ssl)]
    public static extern int SSL_CTX_use_certificate(nint context, nint certificate);

    [DllImport(Ssl)]
    public static extern int SSL_CTX_use_PrivateKey(nint context, nint key);

    [DllImport(Ssl)]
    public static extern int SSL_CTX_check_private_key(nint context);

    [DllImport(Ssl)]
    public static extern int SSL_CTX_set_session_id_context(nint context, byte* bytes, uint length);

    [DllImport(Ssl)]
    public static extern int SSL_CTX_set_num_tickets(nint context, nuint count);

    [DllImport(Ssl)]
    public static extern void SSL_CTX_set_alpn_select_cb(nint context, delegate* unmanaged<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [DllImport(Ssl)]
    public static extern void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [DllImport(Ssl)]
    public static extern void SSL_CTX_set_cert_verify_callback(nint context, delegate* unmanaged<nint, nint, int> callback, nint argument);

    [DllImport(Ssl)]
    public static extern int SSL_CTX_set_tlsext_ticket_key_evp_cb(nint context, delegate* unmanaged<nint, byte*, byte*, nint, nint, int, int> callback);

    [DllImport(Ssl)]
    public static extern nint SSL_new(nint context);

    [DllImport(Ssl)]
    public static extern void SSL_free(nint ssl);

    [DllImport(Ssl)]
    public static extern void SSL_set_bio(nint ssl, nint read, nint write);

    [DllImport(Ssl)]
    [SuppressGCTransition]
    public static extern nint SSL_get_rbio(nint ssl);

    [DllImport(Ssl)]
    public static extern void SSL_set_accept_state(nint ssl);

    [DllImport(Ssl)]
    public static extern nint SSL_set_SSL_CTX(nint ssl, nint context);

    [DllImport(Ssl)]
    public static extern int SSL_do_handshake(nint ssl);

    [DllImport(Ssl)]
    public static extern int SSL_read(nint ssl, byte* buffer, int length);

    [DllImport(Ssl)]
    public static extern int SSL_write(nint ssl, byte* buffer, int length);

    [DllImport(Ssl)]
    public static extern int SSL_shutdown(nint ssl);

    [DllImport(Ssl)]
    public static extern int SSL_has_pending(nint ssl);

    [DllImport(Ssl)]
    [SuppressGCTransition]
    public static extern int SSL_get_error(nint ssl, int result);

    [DllImport(Ssl)]
    public static extern nint SSL_ctrl(nint ssl, int command, nint number, void* pointer);

    [DllImport(Ssl)]
    public static extern int SSL_version(nint ssl);

    [DllImport(Ssl)]
    public static extern nint SSL_get_current_cipher(nint ssl);

    [DllImport(Ssl)]
    public static extern ushort SSL_CIPHER_get_protocol_id(nint cipher);

    [DllImport(Ssl)]
    public static extern nint SSL_get_servername(nint ssl, int type);

    [DllImport(Ssl)]
    public static extern void SSL_get0_alpn_selected(nint ssl, out byte* bytes, out uint length);

    [DllImport(Ssl)]
    public static extern int SSL_export_keying_material(
        nint ssl, byte* target, nuint targetLength, byte* label, nuint labelLength, byte* context, nuint contextLength, int useContext);

    [DllImport(Ssl)]
    public static extern int SSL_get_ex_data_X509_STORE_CTX_idx();

    [DllImport(Crypto)]
    public static extern nint X509_STORE_CTX_get_ex_data(nint context, int index);

    [DllImport(Crypto)]
    public static extern nint X509_STORE_CTX_get0_cert(nint context);

    [DllImport(Crypto)]
    public static extern nint X509_STORE_CTX_get0_untrusted(nint context);

    [DllImport(Crypto)]
    public static extern void X509_STORE_CTX_set_error(nint context, int error);

    [DllImport(Crypto)]
    public static extern int OPENSSL_sk_num(nint stack);

    [DllImport(Crypto)]
    public static extern nint OPENSSL_sk_value(nint stack, int index);

    [DllImport(Crypto)]
    public static extern nint d2i_X509(nint* reuse, byte** bytes, nint length);

    [DllImport(Crypto)]
    public static extern int i2d_X509(nint certificate, byte** bytes);

    [DllImport(Crypto)]
    public static extern void X509_free(nint certificate);

    [DllImport(Crypto)]
    public static extern nint d2i_AutoPrivateKey(nint* reuse, byte** bytes, nint length);

    [DllImport(Crypto)]
    public static extern void EVP_PKEY_free(nint key);

    [DllImport(Crypto)]
    public static extern nint CRYPTO_malloc(nuint length, byte* file, int line);

    [DllImport(Crypto)]
    public static extern int RAND_bytes(byte* bytes, int length);

    [DllImport(Crypto)]
    public static extern nint EVP_CIPHER_fetch(nint library, byte* name, byte* properties);

    [DllImport(Crypto)]
    public static extern int EVP_EncryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv);

    [DllImport(Crypto)]
    public static extern int EVP_DecryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv);

    [DllImport(Crypto)]
    public static extern int EVP_MAC_CTX_set_params(nint context, MacParameter* parameters);

    [DllImport(Crypto)]
    public static extern int BIO_get_new_index();

    [DllImport(Crypto)]
    public static extern nint BIO_meth_new(int type, byte* name);

    [DllImport(Crypto)]
    public static extern int BIO_meth_set_read(nint method, delegate* unmanaged<nint, byte*, int, int> read);

    [DllImport(Crypto)]
    public static extern int BIO_meth_set_write(nint method, delegate* unmanaged<nint, byte*, int, int> write);

    [DllImport(Crypto)]
    public static extern int BIO_meth_set_ctrl(nint method, delegate* unmanaged<nint, int, nint, nint, nint> control);

    [DllImport(Crypto)]
    public static extern nint BIO_new(nint method);

    [DllImport(Crypto)]
    public static extern int BIO_free(nint bio);

    [DllImport(Crypto)]
    public static extern int BIO_up_ref(nint bio);

    [DllImport(Crypto)]
    [SuppressGCTransition]
    public static extern void BIO_set_data(nint bio, void* data);

    [DllImport(Crypto)]
    [SuppressGCTransition]
    public static extern void* BIO_get_data(nint bio);

    [DllImport(Crypto)]
    [SuppressGCTransition]
    public static extern void BIO_set_init(nint bio, int init);

    [DllImport(Crypto)]
    [SuppressGCTransition]
    public static extern void BIO_set_flags(nint bio, int flags);

    [DllImport(Crypto)]
    [SuppressGCTransition]
    public static extern void BIO_clear_flags(nint bio, int flags);
#pragma warning restore SA1300, CA2101, IDE1006

    /// <summary>One entry of OpenSSL's parameter lists (OSSL_PARAM); an entry without a key ends the list.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MacParameter
    {
        public byte* Key;
        public uint DataType;
        public void* Data;
        public nuint DataSize;
        public nuint ReturnSize;
    }
}
