namespace Engine;

/// <summary>Sets the library's contexts up for one ticket: AES-256 in CBC, authenticated by HMAC with SHA-256 (RFC 5077 §4).</summary>
internal static unsafe class OpenSslTickets
{
    private const int IvBytes = 16;
    private const uint Utf8Text = 4;
    private const uint OctetText = 5;

    private static readonly nint Cipher = FetchCipher();

    /// <summary>Returns what the library's callback returns: 1 to go on, 2 to go on and renew, 0 for an unknown key, -1 for a failure.</summary>
    public static int Prepare(TlsTicketKeys keys, byte* keyName, byte* iv, nint cipherContext, nint macContext, bool isNew)
    {
        var name = new Span<byte>(keyName, TlsTicketKeys.NameBytes);
        TlsTicketKeys.Key? key;
        if (isNew)
        {
            key = keys.Newest;
            key.Name.CopyTo(name);
            if (LibSsl.RAND_bytes(iv, IvBytes) != 1)
            {
                return -1;
            }
        }
        else
        {
            key = keys.Find(name);
            if (key is null)
            {
                return 0;
            }
        }

        fixed (byte* secret = key.Encryption)
        {
            int ready = isNew
                ? LibSsl.EVP_EncryptInit_ex(cipherContext, Cipher, 0, secret, iv)
                : LibSsl.EVP_DecryptInit_ex(cipherContext, Cipher, 0, secret, iv);
            if (ready != 1 || !TrySetMac(macContext, key))
            {
                return -1;
            }
        }

        return isNew || ReferenceEquals(key, keys.Newest) ? 1 : 2;
    }

    private static bool TrySetMac(nint context, TlsTicketKeys.Key key)
    {
        fixed (byte* secret = key.Authentication)
        fixed (byte* keyWord = "key\0"u8)
        fixed (byte* digestWord = "digest\0"u8)
        fixed (byte* digest = "SHA256\0"u8)
        {
            LibSsl.MacParameter* parameters = stackalloc LibSsl.MacParameter[3];
            parameters[0] = new LibSsl.MacParameter { Key = keyWord, DataType = OctetText, Data = secret, DataSize = (nuint)key.Authentication.Length };
            parameters[1] = new LibSsl.MacParameter { Key = digestWord, DataType = Utf8Text, Data = digest, DataSize = 6 };
            parameters[2] = default;
            return LibSsl.EVP_MAC_CTX_set_params(context, parameters) == 1;
        }
    }

    private static nint FetchCipher()
    {
        fixed (byte* name = "AES-256-CBC\0"u8)
        {
            return LibSsl.EVP_CIPHER_fetch(0, name, null);
        }
    }
}
