using System.Buffers;

namespace Engine.WebSockets;

/// <summary>
/// The grammar of Sec-WebSocket-Extensions: <c>name *( ; key [= token / quoted] )</c>, separated by commas (RFC 6455 §9.1, with the list rule of
/// RFC 9110 §5.6.1). Each character is looked at a bounded number of times.
/// </summary>
internal ref struct ExtensionTokens(ReadOnlySpan<char> header)
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private ReadOnlySpan<char> _rest = header;

    /// <summary>Whether what was read so far breaks the grammar; nothing is read after it.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The next extension's name; parameters of the one before must have been read.</summary>
    public bool TryReadName(out ReadOnlySpan<char> name)
    {
        name = default;
        SkipSpace();
        while (!_rest.IsEmpty && _rest[0] == ',')
        {
            _rest = _rest[1..];
            SkipSpace();
        }

        return !_rest.IsEmpty && !IsMalformed && TryReadToken(out name) && CheckDelimiter();
    }

    /// <summary>The current extension's next parameter.</summary>
    public bool TryReadParameter(out ReadOnlySpan<char> key, out ReadOnlySpan<char> value, out bool hasValue)
    {
        key = value = default;
        hasValue = false;
        if (IsMalformed || _rest.IsEmpty || _rest[0] != ';')
        {
            return false;
        }

        _rest = _rest[1..];
        SkipSpace();
        if (!TryReadToken(out key))
        {
            return false;
        }

        SkipSpace();
        if (!_rest.IsEmpty && _rest[0] == '=')
        {
            _rest = _rest[1..];
            SkipSpace();
            hasValue = true;
            if (!TryReadValue(out value))
            {
                return false;
            }
        }

        return CheckDelimiter();
    }

    private bool TryReadValue(out ReadOnlySpan<char> value)
    {
        if (_rest.IsEmpty || _rest[0] != '"')
        {
            return TryReadToken(out value);
        }

        // RFC 6455 §9.1: what stands in the quotes must be a token by itself, so there is nothing to unescape.
        _rest = _rest[1..];
        if (!TryReadToken(out value) || _rest.IsEmpty || _rest[0] != '"')
        {
            IsMalformed = true;
            return false;
        }

        _rest = _rest[1..];
        return true;
    }

    private bool TryReadToken(out ReadOnlySpan<char> token)
    {
        int end = _rest.IndexOfAnyExcept(TokenCharacters);
        token = end < 0 ? _rest : _rest[..end];
        _rest = _rest[token.Length..];
        IsMalformed |= token.IsEmpty;
        return !IsMalformed;
    }

    private bool CheckDelimiter()
    {
        SkipSpace();
        IsMalformed |= !_rest.IsEmpty && _rest[0] is not (',' or ';');
        return !IsMalformed;
    }

    private void SkipSpace() => _rest = _rest.TrimStart(" \t");
}
