using System.Text;

namespace Engine.Http1;

/// <summary>Reads the Authorization field (RFC 9110 §11.6.2). Pure.</summary>
internal static class Credentials
{
    /// <summary>The field of a request, once.</summary>
    /// <returns>False when there are several, of which each recipient would take another.</returns>
    public static bool TryGetField(RequestHeaders headers, out ReadOnlySpan<byte> field)
    {
        field = default;
        bool isThere = false;
        for (int i = 0; i < headers.Count; i++)
        {
            if (Ascii.EqualsIgnoreCase(headers.NameAt(i), "Authorization"u8))
            {
                if (isThere)
                {
                    return false;
                }

                isThere = true;
                field = headers.ValueAt(i);
            }
        }

        return true;
    }

    /// <summary>What follows the scheme; false when the field is of another scheme.</summary>
    public static bool TryOfScheme(ReadOnlySpan<byte> field, ReadOnlySpan<byte> scheme, out ReadOnlySpan<byte> credentials)
    {
        credentials = default;
        int end = field.IndexOf((byte)' ');
        ReadOnlySpan<byte> name = end < 0 ? field : field[..end];
        if (!Ascii.EqualsIgnoreCase(name, scheme))
        {
            return false;
        }

        credentials = end < 0 ? default : field[end..].Trim((byte)' ');
        return true;
    }

    /// <summary>RFC 7617 §2: base64 of UTF-8, parted by the first colon, without controls.</summary>
    public static bool TryReadBasic(ReadOnlySpan<byte> credentials, out string user, out string password)
    {
        user = password = "";
        byte[] bytes = new byte[credentials.Length];
        if (System.Buffers.Text.Base64.DecodeFromUtf8(credentials, bytes, out _, out int length) != System.Buffers.OperationStatus.Done
            || !System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(0, length)))
        {
            return false;
        }

        ReadOnlySpan<byte> pair = bytes.AsSpan(0, length);
        int colon = pair.IndexOf((byte)':');
        if (colon < 0 || pair.ContainsAnyInRange((byte)0, (byte)0x1F) || pair.Contains((byte)0x7F))
        {
            return false;
        }

        user = Encoding.UTF8.GetString(pair[..colon]);
        password = Encoding.UTF8.GetString(pair[(colon + 1)..]);
        return true;
    }

    /// <summary>RFC 6750 §2.1, b64token.</summary>
    public static bool IsToken(ReadOnlySpan<byte> token)
    {
        ReadOnlySpan<byte> bare = token.TrimEnd((byte)'=');
        if (bare.IsEmpty)
        {
            return false;
        }

        foreach (byte value in bare)
        {
            if (!char.IsAsciiLetterOrDigit((char)value) && !"-._~+/"u8.Contains(value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A realm as a quoted string.</summary>
    /// <exception cref="ArgumentException">It holds controls or characters beyond Latin-1.</exception>
    public static string Quote(string realm)
    {
        ResponseHeaders.CheckValue(realm);
        return $"\"{realm.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }
}
