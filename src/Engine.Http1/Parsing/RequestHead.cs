namespace Engine.Http1;

/// <summary>
/// A request head as ranges over its bytes, and the parser that fills it. Pure: bytes in, a status out. It takes line by line, so it can be stopped at
/// every byte and go on with the same bytes and more; no byte is looked at twice. Strict by default (RFC 9112 §2.2, §3, §5).
/// </summary>
internal sealed partial class RequestHead
{
    private const int MaxEmptyLines = 4;
    private const int KeptFieldCount = 64;

    private HeaderField[] _fields = new HeaderField[16];
    private int _position;
    private int _searched;
    private int _fieldsStart;
    private int _emptyLineCount;
    private bool _hasRequestLine;

    public int FieldCount { get; private set; }

    public ReadOnlySpan<HeaderField> Fields => _fields.AsSpan(0, FieldCount);

    /// <summary>Bytes of the whole head, its empty line included, once complete.</summary>
    public int LengthBytes { get; private set; }

    public int MethodStart { get; private set; }

    public int MethodLength { get; private set; }

    public int TargetStart { get; private set; }

    public int TargetLength { get; private set; }

    /// <summary>HTTP/1.0 rather than HTTP/1.1.</summary>
    public bool IsHttp10 { get; private set; }

    /// <summary>Whether any byte of a request was seen: an idle connection may end here without a word.</summary>
    public bool HasBegun => _hasRequestLine || _searched > _position;

    public void Reset()
    {
        if (_fields.Length > KeptFieldCount)
        {
            _fields = new HeaderField[16];
        }

        FieldCount = 0;
        LengthBytes = 0;
        _position = 0;
        _searched = 0;
        _emptyLineCount = 0;
        _hasRequestLine = false;
        IsHttp10 = false;
        ResetFraming();
    }

    /// <summary>
    /// Goes on with <paramref name="bytes"/>: everything since the head's first byte. Answers true when the head is complete; otherwise
    /// <paramref name="rejection"/> says whether more is needed (None) or what is wrong.
    /// </summary>
    public bool TryParse(ReadOnlySpan<byte> bytes, HttpLimits limits, out HttpRejection rejection)
    {
        while (true)
        {
            int found = bytes[_searched..].IndexOf((byte)'\n');
            if (found < 0)
            {
                _searched = bytes.Length;
                rejection = RejectUnfinished(bytes, limits);
                return false;
            }

            int end = _searched + found;
            ReadOnlySpan<byte> line = bytes[_position..end];

            // RFC 9112 §2.2: a recipient MAY take a bare LF as a line end; those that did were smuggled past. CR LF only.
            if (line.IsEmpty || line[^1] != '\r')
            {
                rejection = HttpRejection.BadRequest;
                return false;
            }

            line = line[..^1];
            if (line.IsEmpty && _hasRequestLine)
            {
                LengthBytes = end + 1;
                rejection = ExamineFraming(bytes, limits);
                return rejection == HttpRejection.None;
            }

            rejection = TakeLine(bytes, line, limits);
            if (rejection != HttpRejection.None)
            {
                return false;
            }

            _position = end + 1;
            _searched = _position;
        }
    }

    private HttpRejection TakeLine(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> line, HttpLimits limits)
    {
        if (_hasRequestLine)
        {
            if (_position + line.Length + 2 - _fieldsStart > limits.MaxRequestHeadersTotalSize)
            {
                return HttpRejection.FieldsTooLarge;
            }

            return TakeField(bytes, line, limits);
        }

        if (line.IsEmpty)
        {
            // RFC 9112 §2.2: empty lines before a request line are ignored, a few of them.
            return ++_emptyLineCount > MaxEmptyLines ? HttpRejection.BadRequest : HttpRejection.None;
        }

        HttpRejection rejection = line.Length > limits.MaxRequestLineSize ? RejectLongLine(line, limits) : TakeRequestLine(line);
        _hasRequestLine = true;
        _fieldsStart = _position + line.Length + 2;
        return rejection;
    }

    /// <summary>An unfinished line that can only end in an error is not waited for.</summary>
    private HttpRejection RejectUnfinished(ReadOnlySpan<byte> bytes, HttpLimits limits)
    {
        int unfinished = bytes.Length - _position;
        if (!_hasRequestLine)
        {
            if (unfinished > limits.MaxRequestLineSize + 2)
            {
                return RejectLongLine(bytes[_position..], limits);
            }

            // Another protocol's first byte (a TLS record, say) will never become a method.
            bool cannotBegin = unfinished > 0 && bytes[_position] != '\r' && !HttpCharacters.Token.Contains(bytes[_position]);
            return cannotBegin ? HttpRejection.BadRequest : HttpRejection.None;
        }

        return bytes.Length - _fieldsStart > limits.MaxRequestHeadersTotalSize ? HttpRejection.FieldsTooLarge : HttpRejection.None;
    }

    /// <summary>
    /// RFC 9112 §3: a target that is too long is answered with 414, a method that is longer than any that is known with 501. Without a space within the limit it
    /// is the method that is.
    /// </summary>
    private static HttpRejection RejectLongLine(ReadOnlySpan<byte> line, HttpLimits limits)
    {
        int method = line[..limits.MaxRequestLineSize].IndexOfAnyExcept(HttpCharacters.Token);
        return method < 0 ? HttpRejection.NotImplemented : method > 0 && line[method] == ' ' ? HttpRejection.UriTooLong : HttpRejection.BadRequest;
    }

    private HttpRejection TakeRequestLine(ReadOnlySpan<byte> line)
    {
        // RFC 9112 §3: method SP request-target SP HTTP-version. One space each: more would make the target ambiguous.
        const int VersionLength = 8;
        int space = line.IndexOf((byte)' ');
        if (space <= 0 || line.Length < space + 2 + VersionLength)
        {
            return HttpRejection.BadRequest;
        }

        ReadOnlySpan<byte> version = line[^VersionLength..];
        ReadOnlySpan<byte> target = line[(space + 1)..^(VersionLength + 1)];
        if (line[^(VersionLength + 1)] != ' ' || !version.StartsWith("HTTP/"u8) || version[6] != '.' || !char.IsAsciiDigit((char)version[5]) || !char.IsAsciiDigit((char)version[7]))
        {
            return HttpRejection.BadRequest;
        }

        if (line[..space].IndexOfAnyExcept(HttpCharacters.Token) >= 0 || target.IsEmpty || target.IndexOfAnyExcept(HttpCharacters.Target) >= 0)
        {
            return HttpRejection.BadRequest;
        }

        if (version[5] != '1' || version[7] > '1')
        {
            return HttpRejection.VersionNotSupported;
        }

        IsHttp10 = version[7] == '0';
        MethodStart = _position;
        MethodLength = space;
        TargetStart = _position + space + 1;
        TargetLength = target.Length;
        return ExamineTarget(line[..space], target);
    }

    private HttpRejection TakeField(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> line, HttpLimits limits)
    {
        // RFC 9112 §5.1: no whitespace before the colon; §5.2: no line folding. Both fail the token test, the second by its first byte.
        int colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].IndexOfAnyExcept(HttpCharacters.Token) >= 0)
        {
            return HttpRejection.BadRequest;
        }

        ReadOnlySpan<byte> value = line[(colon + 1)..];
        if (value.IndexOfAny(HttpCharacters.NotInFieldValue) >= 0)
        {
            return HttpRejection.BadRequest;
        }

        if (FieldCount == limits.MaxRequestHeaderCount)
        {
            return HttpRejection.FieldsTooLarge;
        }

        int start = colon + 1;
        int end = line.Length;
        while (start < end && line[start] is (byte)' ' or (byte)'\t')
        {
            start++;
        }

        while (end > start && line[end - 1] is (byte)' ' or (byte)'\t')
        {
            end--;
        }

        if (FieldCount == _fields.Length)
        {
            Array.Resize(ref _fields, _fields.Length * 2);
        }

        var field = new HeaderField(_position, colon, _position + start, end - start);
        _fields[FieldCount++] = field;
        return TakeFramingField(field.Name(bytes), field.Value(bytes), FieldCount - 1);
    }
}
