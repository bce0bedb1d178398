using System.Text;

namespace Engine.Http1;

/// <summary>The fields that say where a message ends and what becomes of its connection (RFC 9112 §6, §7, §9).</summary>
internal sealed partial class RequestHead
{
    private int _hostIndex = -1;
    private int _codingCount;
    private bool _isPost;

    /// <summary>The body's length; -1 when no field says.</summary>
    public long ContentLength { get; private set; } = -1;

    public bool IsChunked { get; private set; }

    public bool WantsClose { get; private set; }

    public bool WantsKeepAlive { get; private set; }

    public bool WantsUpgrade { get; private set; }

    public bool ExpectsContinue { get; private set; }

    /// <summary>Index of the first Upgrade field; -1 when there is none.</summary>
    public int UpgradeIndex { get; private set; } = -1;

    public TargetForm Form { get; private set; }

    private void ResetFraming()
    {
        _hostIndex = -1;
        _codingCount = 0;
        _isPost = false;
        ContentLength = -1;
        IsChunked = false;
        WantsClose = false;
        WantsKeepAlive = false;
        WantsUpgrade = false;
        ExpectsContinue = false;
        UpgradeIndex = -1;
        Form = TargetForm.Origin;
    }

    private HttpRejection ExamineTarget(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target)
    {
        // RFC 9112 §3.2: each form belongs to certain methods.
        _isPost = method.SequenceEqual("POST"u8) || method.SequenceEqual("PUT"u8) || method.SequenceEqual("PATCH"u8);
        if (method.SequenceEqual("CONNECT"u8))
        {
            // A server that is no proxy has no use for it (RFC 9110 §9.3.6).
            return Authority.IsValidForConnect(target) ? HttpRejection.NotImplemented : HttpRejection.BadRequest;
        }

        if (target[0] == '/')
        {
            Form = TargetForm.Origin;
            return HttpRejection.None;
        }

        if (target.Length == 1 && target[0] == '*')
        {
            Form = TargetForm.Asterisk;

            // "PRI * HTTP/2.0" ends here too: its version was refused before.
            return method.SequenceEqual("OPTIONS"u8) ? HttpRejection.None : HttpRejection.BadRequest;
        }

        Form = TargetForm.Absolute;
        return RequestTarget.IsAbsolute(target) ? HttpRejection.None : HttpRejection.BadRequest;
    }

    private HttpRejection TakeFramingField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, int index)
    {
        switch (name.Length)
        {
            case 4 when Ascii.EqualsIgnoreCase(name, "Host"u8):
                // RFC 9112 §3.2: more than one Host, or an invalid one, MUST be answered with 400.
                bool isFirst = _hostIndex < 0;
                _hostIndex = index;
                return isFirst && Authority.IsValid(value) ? HttpRejection.None : HttpRejection.BadRequest;
            case 6 when Ascii.EqualsIgnoreCase(name, "Expect"u8):
                ExpectsContinue = Ascii.EqualsIgnoreCase(value, "100-continue"u8);
                return ExpectsContinue ? HttpRejection.None : HttpRejection.ExpectationFailed;
            case 7 when Ascii.EqualsIgnoreCase(name, "Upgrade"u8):
                UpgradeIndex = UpgradeIndex < 0 ? index : UpgradeIndex;
                return HttpRejection.None;
            case 10 when Ascii.EqualsIgnoreCase(name, "Connection"u8):
                TakeConnectionOptions(value);
                return HttpRejection.None;
            case 14 when Ascii.EqualsIgnoreCase(name, "Content-Length"u8):
                return TakeContentLength(value);
            case 17 when Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8):
                return TakeTransferEncoding(value);
            default:
                return HttpRejection.None;
        }
    }

    private void TakeConnectionOptions(ReadOnlySpan<byte> value)
    {
        foreach (Range range in value.Split((byte)','))
        {
            ReadOnlySpan<byte> option = value[range].Trim(" \t"u8);
            WantsClose |= Ascii.EqualsIgnoreCase(option, "close"u8);
            WantsKeepAlive |= Ascii.EqualsIgnoreCase(option, "keep-alive"u8);
            WantsUpgrade |= Ascii.EqualsIgnoreCase(option, "upgrade"u8);
        }
    }

    private HttpRejection TakeContentLength(ReadOnlySpan<byte> value)
    {
        // RFC 9112 §6.3: a repeated or list-valued length may only be taken when all are the same; strictly, it is not taken at all.
        if (ContentLength >= 0 || value.IsEmpty || value.Length > 18)
        {
            return HttpRejection.BadRequest;
        }

        long length = 0;
        foreach (byte digit in value)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return HttpRejection.BadRequest;
            }

            length = (length * 10) + (digit - '0');
        }

        ContentLength = length;
        return HttpRejection.None;
    }

    private HttpRejection TakeTransferEncoding(ReadOnlySpan<byte> value)
    {
        // RFC 9112 §6.1, §6.3: chunked must be the final coding and applied once; other codings are not implemented. One field, one value.
        if (++_codingCount > 1)
        {
            return HttpRejection.BadRequest;
        }

        if (Ascii.EqualsIgnoreCase(value, "chunked"u8))
        {
            IsChunked = true;
            return HttpRejection.None;
        }

        int comma = value.LastIndexOf((byte)',');
        bool endsChunked = comma >= 0 && Ascii.EqualsIgnoreCase(value[(comma + 1)..].Trim(" \t"u8), "chunked"u8);
        bool isKnownFirst = comma >= 0 && IsKnownCoding(value[..comma].Trim(" \t"u8));
        return endsChunked && isKnownFirst ? HttpRejection.NotImplemented : HttpRejection.BadRequest;
    }

    private static bool IsKnownCoding(ReadOnlySpan<byte> coding)
        => Ascii.EqualsIgnoreCase(coding, "gzip"u8) || Ascii.EqualsIgnoreCase(coding, "deflate"u8) || Ascii.EqualsIgnoreCase(coding, "compress"u8);

    /// <summary>What can only be judged when all fields are known.</summary>
    private HttpRejection ExamineFraming(ReadOnlySpan<byte> bytes, HttpLimits limits)
    {
        // RFC 9112 §3.2: an HTTP/1.1 request without Host MUST be answered with 400.
        if (_hostIndex < 0 && !IsHttp10)
        {
            return HttpRejection.BadRequest;
        }

        if (Form == TargetForm.Absolute && _hostIndex >= 0)
        {
            // RFC 9112 §3.2.2: with an absolute target the received Host MUST be ignored, and replaced by the target's.
            (int start, int length) = RequestTarget.AuthorityRange(bytes.Slice(TargetStart, TargetLength)).GetOffsetAndLength(TargetLength);
            _fields[_hostIndex] = _fields[_hostIndex] with { ValueStart = TargetStart + start, ValueLength = length };
        }

        // RFC 9112 §6.1: both at once is how requests are smuggled; and HTTP/1.0 knows no transfer codings.
        if (IsChunked && (ContentLength >= 0 || IsHttp10))
        {
            return HttpRejection.BadRequest;
        }

        if (limits.RequireContentLength && _isPost && ContentLength < 0 && !IsChunked)
        {
            return HttpRejection.LengthRequired;
        }

        // RFC 9110 §10.1.1: an expectation of an HTTP/1.0 client MUST be ignored.
        ExpectsContinue &= !IsHttp10 && (IsChunked || ContentLength > 0);
        return HttpRejection.None;
    }
}

/// <summary>The forms of RFC 9112 §3.2.</summary>
internal enum TargetForm : byte
{
    /// <summary>A path, perhaps with a query.</summary>
    Origin = 0,

    /// <summary>A whole URI, as proxies are sent.</summary>
    Absolute = 1,

    /// <summary>The server as a whole, for OPTIONS.</summary>
    Asterisk = 2,
}
