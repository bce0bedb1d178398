using System.Text;

namespace Engine.Http1;

/// <summary>The fields of a request head, in the order in which they came, names compared without case. Strings are made when asked for. Valid as long as the context.</summary>
public readonly struct RequestHeaders
{
    private readonly HttpRequest _request;

    internal RequestHeaders(HttpRequest request) => _request = request;

    /// <summary>Fields, repeated ones counted each.</summary>
    public int Count => _request.Head.FieldCount;

    /// <summary>The first value of a field (Latin-1), or null.</summary>
    public string? this[string name] => TryGetBytes(name, out ReadOnlySpan<byte> value) ? Encoding.Latin1.GetString(value) : null;

    /// <summary>Whether there is such a field.</summary>
    public bool Contains(string name) => IndexOf(name, 0) >= 0;

    /// <summary>The first value of a field as bytes, without an allocation.</summary>
    public bool TryGetBytes(string name, out ReadOnlySpan<byte> value)
    {
        int index = IndexOf(name, 0);
        value = index < 0 ? default : ValueAt(index);
        return index >= 0;
    }

    /// <summary>Every value of a field, in order.</summary>
    public IReadOnlyList<string> GetAll(string name)
    {
        var values = new List<string>();
        for (int i = IndexOf(name, 0); i >= 0; i = IndexOf(name, i + 1))
        {
            values.Add(Encoding.Latin1.GetString(ValueAt(i)));
        }

        return values;
    }

    /// <summary>The name of the field at an index, as it came.</summary>
    public ReadOnlySpan<byte> NameAt(int index) => _request.Head.Fields[index].Name(_request.HeadBytes);

    /// <summary>The value of the field at an index.</summary>
    public ReadOnlySpan<byte> ValueAt(int index) => _request.Head.Fields[index].Value(_request.HeadBytes);

    private int IndexOf(string name, int start)
    {
        ReadOnlySpan<HeaderField> fields = _request.Head.Fields;
        ReadOnlySpan<byte> head = _request.HeadBytes;
        for (int i = start; i < fields.Length; i++)
        {
            if (fields[i].NameLength == name.Length && Ascii.EqualsIgnoreCase(fields[i].Name(head), name))
            {
                return i;
            }
        }

        return -1;
    }
}
