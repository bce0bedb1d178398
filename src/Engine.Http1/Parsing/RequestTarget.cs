using System.Text;

namespace Engine.Http1;

/// <summary>
/// Paths and queries of request targets (RFC 9112 §3.2, RFC 3986). For routing a path is percent-decoded once, except %2F, which stays as it is and so
/// never becomes a separator; then dot segments are removed, never above the root. NUL, and bytes that are not UTF-8, are refused.
/// </summary>
internal static class RequestTarget
{
    /// <summary>Whether it is an http or https URI with an authority.</summary>
    public static bool IsAbsolute(ReadOnlySpan<byte> target) => AuthorityStart(target) >= 0 && Authority.IsValid(target[AuthorityRange(target)]);

    /// <summary>Where the authority of an absolute target stands.</summary>
    public static Range AuthorityRange(ReadOnlySpan<byte> target)
    {
        int start = AuthorityStart(target);
        int end = target[start..].IndexOfAny((byte)'/', (byte)'?');
        return start..(end < 0 ? target.Length : start + end);
    }

    /// <summary>Whether a percent escape stands at the front of the text.</summary>
    public static bool IsEscape(ReadOnlySpan<byte> text) => text[0] == '%' && Escape(text) >= 0;

    /// <summary>Where path and query begin; the length of the target when there are none.</summary>
    public static int PathStart(ReadOnlySpan<byte> target, TargetForm form)
    {
        if (form != TargetForm.Absolute)
        {
            return 0;
        }

        return AuthorityRange(target).End.Value;
    }

    /// <summary>Whether routing can take the path as it stands.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> path) => path.IndexOf((byte)'%') < 0 && path.IndexOf("/."u8) < 0;

    /// <summary>Decodes and normalises into <paramref name="destination"/>, which must be as long. Answers the length, or -1 when the path is not acceptable.</summary>
    public static int Normalize(ReadOnlySpan<byte> path, Span<byte> destination)
    {
        int length = Decode(path, destination);
        if (length < 0 || !System.Text.Unicode.Utf8.IsValid(destination[..length]))
        {
            return -1;
        }

        return RemoveDotSegments(destination[..length]);
    }

    /// <summary>Percent-decoding (RFC 3986 §2.1), for queries also with '+' as a space. Returns -1 for a broken escape.</summary>
    public static int DecodeComponent(ReadOnlySpan<byte> text, Span<byte> destination, bool plusIsSpace)
    {
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            byte value = text[i];
            if (value == '%')
            {
                int decoded = Escape(text[i..]);
                if (decoded < 0)
                {
                    return -1;
                }

                value = (byte)decoded;
                i += 2;
            }
            else if (value == '+' && plusIsSpace)
            {
                value = (byte)' ';
            }

            destination[length++] = value;
        }

        return length;
    }

    private static int AuthorityStart(ReadOnlySpan<byte> target)
    {
        if (target.Length > 7 && Ascii.EqualsIgnoreCase(target[..7], "http://"u8))
        {
            return 7;
        }

        return target.Length > 8 && Ascii.EqualsIgnoreCase(target[..8], "https://"u8) ? 8 : -1;
    }

    private static int Decode(ReadOnlySpan<byte> path, Span<byte> destination)
    {
        int length = 0;
        for (int i = 0; i < path.Length; i++)
        {
            if (path[i] != '%')
            {
                destination[length++] = path[i];
                continue;
            }

            int decoded = Escape(path[i..]);
            if (decoded <= 0)
            {
                return -1;
            }

            if (decoded == '/')
            {
                path.Slice(i, 3).CopyTo(destination[length..]);
                length += 3;
            }
            else
            {
                destination[length++] = (byte)decoded;
            }

            i += 2;
        }

        return length;
    }

    /// <summary>The value of an escape at the front of <paramref name="text"/>; -1 when it is none.</summary>
    private static int Escape(ReadOnlySpan<byte> text)
        => text.Length >= 3 && char.IsAsciiHexDigit((char)text[1]) && char.IsAsciiHexDigit((char)text[2]) ? (HexValue(text[1]) << 4) | HexValue(text[2]) : -1;

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static int RemoveDotSegments(Span<byte> path)
    {
        int length = 0;
        int at = 0;
        while (at < path.Length)
        {
            int next = path[(at + 1)..].IndexOf((byte)'/');
            int end = next < 0 ? path.Length : at + 1 + next;
            ReadOnlySpan<byte> segment = path[(at + 1)..end];
            bool isLast = end == path.Length;
            if (segment.SequenceEqual("."u8) || segment.SequenceEqual(".."u8))
            {
                if (segment.Length == 2)
                {
                    length = Math.Max(path[..length].LastIndexOf((byte)'/'), 0);
                }

                if (isLast)
                {
                    path[length++] = (byte)'/';
                }
            }
            else
            {
                path[at..end].CopyTo(path[length..]);
                length += end - at;
            }

            at = end;
        }

        return length;
    }
}
