using System.Text;

namespace Engine.Http1;

/// <summary>
/// Reads the <c>name=value</c> pairs of a field value one by one (RFC 9110 §5.6.6): values are tokens or quoted strings, pairs stand
/// between semicolons, and in lists of such groups between commas. Linear in the length; allocates nothing.
/// </summary>
internal ref struct ParameterReader
{
    private ReadOnlySpan<byte> _rest;

    /// <param name="text">What follows the media type, disposition or the like; it may begin with a delimiter.</param>
    public ParameterReader(ReadOnlySpan<byte> text) => _rest = text;

    /// <summary>Whether the text broke the grammar: what was read before stands, the rest is unknown.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Whether a comma stood before the pair that was read last, so that it begins the next group of a list.</summary>
    public bool BeginsGroup { get; private set; }

    /// <summary>The name of the pair.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The value, without its quotes; escapes in it are as they came.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Whether the value stood in quotes.</summary>
    public bool IsQuoted { get; private set; }

    /// <summary>Reads the next pair. False at the end, or when the text is broken.</summary>
    public bool TryRead()
    {
        if (!SkipDelimiters())
        {
            return false;
        }

        int nameLength = _rest.IndexOfAnyExcept(HttpCharacters.Token);
        if (nameLength <= 0)
        {
            return Break();
        }

        Name = _rest[..nameLength];
        _rest = _rest[nameLength..].TrimStart(" \t"u8);
        if (_rest.IsEmpty || _rest[0] != '=')
        {
            return Break();
        }

        _rest = _rest[1..].TrimStart(" \t"u8);
        IsQuoted = !_rest.IsEmpty && _rest[0] == '"';
        if (!(IsQuoted ? TakeQuoted() : TakeToken()))
        {
            return Break();
        }

        _rest = _rest.TrimStart(" \t"u8);
        return _rest.IsEmpty || _rest[0] is (byte)';' or (byte)',' || Break();
    }

    /// <summary>Whether the name is this one, in any case.</summary>
    public readonly bool IsNamed(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);

    /// <summary>The value as text, escapes removed.</summary>
    public readonly string Text(Encoding encoding)
    {
        if (!IsQuoted || Value.IndexOf((byte)'\\') < 0)
        {
            return encoding.GetString(Value);
        }

        byte[] plain = new byte[Value.Length];
        int length = 0;
        for (int i = 0; i < Value.Length; i++)
        {
            // Only what must be escaped is: some clients send names of files with plain backslashes.
            if (Value[i] == '\\' && i + 1 < Value.Length && Value[i + 1] is (byte)'"' or (byte)'\\')
            {
                i++;
            }

            plain[length++] = Value[i];
        }

        return encoding.GetString(plain, 0, length);
    }

    private bool SkipDelimiters()
    {
        BeginsGroup = false;
        while (!_rest.IsEmpty && _rest[0] is (byte)' ' or (byte)'\t' or (byte)';' or (byte)',')
        {
            BeginsGroup |= _rest[0] == ',';
            _rest = _rest[1..];
        }

        return !_rest.IsEmpty && !IsBroken;
    }

    private bool TakeToken()
    {
        int length = _rest.IndexOfAnyExcept(HttpCharacters.Token);
        length = length < 0 ? _rest.Length : length;
        Value = _rest[..length];
        _rest = _rest[length..];
        return length > 0;
    }

    private bool TakeQuoted()
    {
        for (int i = 1; i < _rest.Length; i++)
        {
            if (_rest[i] == '\\')
            {
                i++;
            }
            else if (_rest[i] == '"')
            {
                Value = _rest[1..i];
                _rest = _rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    private bool Break()
    {
        IsBroken = true;
        _rest = default;
        return false;
    }
}
