using System.Collections;
using System.Text;

namespace Engine.Http1;

/// <summary>
/// The fields of a response, in the order in which they were added. Names and values that would break the head (CR, LF, NUL, other controls, characters
/// beyond Latin-1) are refused, so that nothing a peer sent can inject a field (RFC 9110 §5.5). Not thread-safe; of the handler that holds the context.
/// </summary>
public sealed class ResponseHeaders : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> _fields = [];

    internal ResponseHeaders()
    {
    }

    /// <summary>Fields, repeated ones counted each. Content-Length, Content-Type and what the server writes itself are not among them.</summary>
    public int Count => _fields.Count;

    /// <summary>Gets the first value of a field, or null. Setting replaces every value of that name; null removes it.</summary>
    /// <exception cref="ArgumentException">The name is no token, the value holds a forbidden character, or the field is the server's own.</exception>
    public string? this[string name]
    {
        get
        {
            int index = IndexOf(name);
            return index < 0 ? null : _fields[index].Value;
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
    public void Set(string name, string value)
    {
        Check(name, value);
        if (!TakeSpecial(name, value))
        {
            Remove(name);
            Add(name, value);
        }
    }

    /// <summary>Adds a value beside those that are there (Set-Cookie, Vary, Link).</summary>
    /// <exception cref="ArgumentException">The name is no token, the value holds a forbidden character, or the field is the server's own.</exception>
    public void Append(string name, string value)
    {
        Check(name, value);
        if (!TakeSpecial(name, value))
        {
            Add(name, value);
        }
    }

    /// <summary>Removes every value of that name; true when there was one.</summary>
    public bool Remove(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        bool removed = false;
        for (int i = IndexOf(name); i >= 0; i = IndexOf(name))
        {
            SizeBytes -= _fields[i].Key.Length + _fields[i].Value.Length + 4;
            _fields.RemoveAt(i);
            removed = true;
        }

        return removed;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Clear()
    {
        _fields.Clear();
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

    /// <summary>Fields that the server writes itself are kept apart or refused.</summary>
    private bool TakeSpecial(string name, string value)
    {
        switch (name.Length)
        {
            case 4 when name.Equals("Date", StringComparison.OrdinalIgnoreCase):
                HasDate = true;
                return false;
            case 10 when name.Equals("Connection", StringComparison.OrdinalIgnoreCase):
                if (!value.Equals("close", StringComparison.OrdinalIgnoreCase))
                {
                    throw new ArgumentException("The server writes Connection itself; only \"close\" may be asked for.", nameof(value));
                }

                WantsClose = true;
                return true;
            case 12 when name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase):
                ContentType = value;
                return true;
            case 14 when name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase):
                ContentLength = long.TryParse(value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long length)
                    ? length
                    : throw new ArgumentException("A Content-Length is a number.", nameof(value));
                return true;
            case 17 when name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase):
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
}
