using System.Text;

namespace Engine.Http1;

/// <summary>
/// The cookies of a request, in the order in which they came. Read leniently, as servers must (RFC 6265 §5.4 and what browsers send): pairs
/// without a name or an equals sign are skipped, spaces around names and values are not part of them, quotes around a value are. Of two
/// with one name the client's more specific one comes first. A view of the head: valid as long as the context; finding one allocates
/// nothing but its string.
/// </summary>
public readonly struct RequestCookies
{
    private readonly HttpRequest _request;

    internal RequestCookies(HttpRequest request) => _request = request;

    /// <summary>The first cookie of that name (names are case-sensitive), as Latin-1; null when there is none.</summary>
    public string? this[string name] => TryGetBytes(name, out ReadOnlySpan<byte> value) ? Encoding.Latin1.GetString(value) : null;

    /// <summary>The first cookie of that name as bytes, without an allocation.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public bool TryGetBytes(string name, out ReadOnlySpan<byte> value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        foreach (Pair pair in this)
        {
            if (pair.Name.Length == name.Length && Ascii.Equals(pair.Name, name))
            {
                value = pair.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Walks through all of them, repeated ones too.</summary>
    public Enumerator GetEnumerator() => new(_request.Headers);

    /// <summary>One cookie: two views of the head.</summary>
    public readonly ref struct Pair
    {
        internal Pair(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            Name = name;
            Value = value;
        }

        /// <summary>The name; never empty.</summary>
        public ReadOnlySpan<byte> Name { get; }

        /// <summary>The value as it came; it may be empty, and hold anything that a header field may.</summary>
        public ReadOnlySpan<byte> Value { get; }
    }

    /// <summary>Walks through the Cookie fields of one request.</summary>
    public ref struct Enumerator
    {
        private readonly RequestHeaders _headers;
        private ReadOnlySpan<byte> _rest;
        private int _nextField;

        internal Enumerator(RequestHeaders headers) => _headers = headers;

        /// <summary>The cookie at hand.</summary>
        public Pair Current { get; private set; }

        /// <summary>Goes on to the next one; false at the end.</summary>
        public bool MoveNext()
        {
            while (true)
            {
                while (!_rest.IsEmpty)
                {
                    int end = _rest.IndexOf((byte)';');
                    ReadOnlySpan<byte> pair = end < 0 ? _rest : _rest[..end];
                    _rest = end < 0 ? default : _rest[(end + 1)..];
                    int equals = pair.IndexOf((byte)'=');
                    ReadOnlySpan<byte> name = equals < 0 ? default : pair[..equals].Trim(" \t"u8);
                    if (!name.IsEmpty)
                    {
                        Current = new Pair(name, pair[(equals + 1)..].Trim(" \t"u8));
                        return true;
                    }
                }

                // RFC 6265 §5.4 has clients send one field; HTTP/2 gateways split it (RFC 9113 §8.2.3).
                while (_nextField < _headers.Count && !Ascii.EqualsIgnoreCase(_headers.NameAt(_nextField), "Cookie"u8))
                {
                    _nextField++;
                }

                if (_nextField == _headers.Count)
                {
                    return false;
                }

                _rest = _headers.ValueAt(_nextField++);
            }
        }
    }
}
