using System.Collections;
using System.Globalization;
using System.Text;

namespace Engine.Http1;

/// <summary>
/// The fields of a response, in the order in which they were added. Names and values that would break the head (CR, LF, NUL, other controls, characters
/// beyond Latin-1) are refused, so that nothing a peer sent can inject a field (RFC 9110 §5.5). Not thread-safe; of the handler that holds the context.
/// </summary>
/// <remarks>
/// Content-Type, Content-Length and Connection are read, set and removed here like any other, and are the same as <see cref="HttpResponse.ContentType"/> and
/// <see cref="HttpResponse.ContentLength"/>; <see cref="Count"/> and the enumeration leave them out. Changing a field once the response has started throws
/// <see cref="InvalidOperationException"/>.
/// </remarks>
public sealed class ResponseHeaders : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> _fields = [];
    private int _marked;
    private bool _isFrozen;

    internal ResponseHeaders()
    {
    }

    /// <summary>Fields, repeated ones counted each. Content-Length, Content-Type and what the server writes itself are not among them.</summary>
    public int Count => _fields.Count;

    /// <summary>Gets the first value of a field, or null. Setting replaces every value of that name; null removes it.</summary>
    /// <exception cref="ArgumentException">The name is no token, the value holds a forbidden character, or the field is the server's own.</exception>
    /// <exception cref="InvalidOperationException">A field is set, and the response has started.</exception>
    public string? this[string name]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(name);
            switch (SpecialOf(name))
            {
                case Special.ContentType:
                    return ContentType;
                case Special.ContentLength:
                    return ContentLength?.ToString(CultureInfo.InvariantCulture);
                case Special.Connection:
                    return WantsClose ? "close" : null;
                default:
                    int index = IndexOf(name);
                    return index < 0 ? null : _fields[index].Value;
            }
        }

        set
        {
            if (value is null)
            {
                Remove(name);
            }
            else
            {
                Set(name, value);
            }
        }
    }

    internal string? ContentType { get; set; }

    internal long? ContentLength { get; set; }

    internal bool HasDate { get; private set; }

    internal bool WantsClose { get; private set; }

    /// <summary>Characters of all fields, for the size of the head.</summary>
    internal int SizeBytes { get; private set; }

    /// <summary>Replaces every value of that name by one.</summary>
    /// <exception cref="ArgumentException">The name is no token, the value holds a forbidden character, or the field is the server's own.</exception>
    /// <exception cref="InvalidOperationException">The response has started.</exception>
    public void Set(string name, string value)
    {
        ThrowIfFrozen();
        Check(name, value);
        if (!TakeSpecial(name, value))
        {
            Remove(name);
            Add(name, value);
        }
    }

    /// <summary>Adds a value beside those that are there (Set-Cookie, Vary, Link).</summary>
    /// <exception cref="ArgumentException">The name is no token, the value holds a forbidden character, or the field is the server's own.</exception>
    /// <exception cref="InvalidOperationException">The response has started.</exception>
    public void Append(string name, string value)
    {
        ThrowIfFrozen();
        Check(name, value);
        if (!TakeSpecial(name, value))
        {
            Add(name, value);
        }
    }

    /// <summary>Removes every value of that name; true when there was one.</summary>
    /// <exception cref="InvalidOperationException">The response has started.</exception>
    public bool Remove(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ThrowIfFrozen();
        bool removed = false;
        switch (SpecialOf(name))
        {
            case Special.ContentType:
                removed = ContentType is not null;
                ContentType = null;
                return removed;
            case Special.ContentLength:
                removed = ContentLength is not null;
                ContentLength = null;
                return removed;
            case Special.Connection:
                removed = WantsClose;
                WantsClose = false;
                return removed;
            case Special.Date:
                HasDate = false;
                break;
        }

        for (int i = IndexOf(name); i >= 0; i = IndexOf(name))
        {
            RemoveAt(i);
            removed = true;
        }

        return removed;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The response has started: what is set from now on would be lost.</summary>
    internal void Freeze() => _isFrozen = true;

    /// <summary>What is there now was set by middleware, before the route's handler.</summary>
    internal void Mark() => _marked = _fields.Count;

    /// <summary>Forgets what the handler set, and everything that describes its content; what middleware set before it stays.</summary>
    internal void Restart()
    {
        for (int i = _fields.Count - 1; i >= 0; i--)
        {
            if (i >= _marked || DescribesContent(_fields[i].Key))
            {
                RemoveAt(i);
            }
        }

        ContentType = null;
        ContentLength = null;
        HasDate = IndexOf("Date") >= 0;
        _isFrozen = false;
    }

    internal void Clear()
    {
        _fields.Clear();
        _marked = 0;
        _isFrozen = false;
        ContentType = null;
        ContentLength = null;
        HasDate = false;
        WantsClose = false;
        SizeBytes = 0;
    }

    /// <summary>Writes the fields with their line ends; answers the length.</summary>
    internal int Write(Span<byte> destination)
    {
        int length = 0;
        foreach (KeyValuePair<string, string> field in _fields)
        {
            length += Encoding.Latin1.GetBytes(field.Key, destination[length..]);
            destination[length++] = (byte)':';
            destination[length++] = (byte)' ';
            length += Encoding.Latin1.GetBytes(field.Value, destination[length..]);
            destination[length++] = (byte)'\r';
            destination[length++] = (byte)'\n';
        }

        return length;
    }

    internal static void CheckValue(string value)
    {
        foreach (char character in value)
        {
            if (character is (< ' ' and not '\t') or '\x7f' or > '\xff')
            {
                throw new ArgumentException("A field value must not hold controls or characters beyond Latin-1.", nameof(value));
            }
        }
    }

    private static void Check(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.AsSpan().IndexOfAnyExcept(HttpCharacters.TokenText) >= 0)
        {
            throw new ArgumentException("A field name is a token.", nameof(name));
        }

        CheckValue(value);
    }

    private static Special SpecialOf(string name) => name.Length switch
    {
        4 when name.Equals("Date", StringComparison.OrdinalIgnoreCase) => Special.Date,
        10 when name.Equals("Connection", StringComparison.OrdinalIgnoreCase) => Special.Connection,
        12 when name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase) => Special.ContentType,
        14 when name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) => Special.ContentLength,
        17 when name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) => Special.TransferEncoding,
        _ => Special.None,
    };

    /// <summary>Fields of a representation (RFC 9110 §8), which say nothing true of another.</summary>
    private static bool DescribesContent(string name)
        => name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
            || name.Equals("ETag", StringComparison.OrdinalIgnoreCase)
            || name.Equals("Last-Modified", StringComparison.OrdinalIgnoreCase)
            || name.Equals("Accept-Ranges", StringComparison.OrdinalIgnoreCase);

    private void ThrowIfFrozen()
    {
        if (_isFrozen)
        {
            throw new InvalidOperationException("The response has started: its fields cannot be changed any more.");
        }
    }

    /// <summary>Fields that the server writes itself are kept apart or refused.</summary>
    private bool TakeSpecial(string name, string value)
    {
        switch (SpecialOf(name))
        {
            case Special.Date:
                HasDate = true;
                return false;
            case Special.Connection:
                if (!value.Equals("close", StringComparison.OrdinalIgnoreCase))
                {
                    throw new ArgumentException("The server writes Connection itself; only \"close\" may be asked for.", nameof(value));
                }

                WantsClose = true;
                return true;
            case Special.ContentType:
                ContentType = value;
                return true;
            case Special.ContentLength:
                ContentLength = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long length)
                    ? length
                    : throw new ArgumentException("A Content-Length is a number.", nameof(value));
                return true;
            case Special.TransferEncoding:
                throw new ArgumentException("The server chooses the transfer coding itself.", nameof(name));
            default:
                return false;
        }
    }

    private void Add(string name, string value)
    {
        _fields.Add(new KeyValuePair<string, string>(name, value));
        SizeBytes += name.Length + value.Length + 4;
    }

    private void RemoveAt(int index)
    {
        SizeBytes -= _fields[index].Key.Length + _fields[index].Value.Length + 4;
        _fields.RemoveAt(index);
        if (index < _marked)
        {
            _marked--;
        }
    }

    private int IndexOf(string name)
    {
        for (int i = 0; i < _fields.Count; i++)
        {
            if (_fields[i].Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Fields that are not simply one among others.</summary>
    private enum Special
    {
        None = 0,
        Date,
        Connection,
        ContentType,
        ContentLength,
        TransferEncoding,
    }
}
