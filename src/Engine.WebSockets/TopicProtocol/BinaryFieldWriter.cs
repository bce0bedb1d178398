using System.Text;

namespace Engine.WebSockets;

/// <summary>Appends fields to a binary message. It begins in the caller's memory and goes on in an array when that is too small.</summary>
internal ref struct BinaryFieldWriter(Span<byte> initial)
{
    private const int MaxNumberBytes = 10;

    private Span<byte> _buffer = initial;
    private int _length;

    public void Byte(byte value) => Room(1)[0] = value;

    public void Number(ulong value)
    {
        Span<byte> room = Reserve(MaxNumberBytes);
        int length = 0;
        while (value >= 0x80)
        {
            room[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        room[length++] = (byte)value;
        _length += length;
    }

    /// <summary>A count that may be unknown: one more than it is, or 0.</summary>
    public void Count(long? count) => Number(count is { } known ? (ulong)known + 1 : 0);

    /// <summary>A command's id, as it stood there; 0 for none.</summary>
    public void Id(byte[] id) => Bytes(id.Length == 0 ? [0] : id);

    public void Text(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Number((ulong)length);
        Encoding.UTF8.GetBytes(text, Room(length));
    }

    public void TextIfThere(string? text)
    {
        if (text is not null)
        {
            Text(text);
        }
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    public readonly byte[] ToArray() => _buffer[.._length].ToArray();

    private Span<byte> Room(int length)
    {
        Span<byte> room = Reserve(length)[..length];
        _length += length;
        return room;
    }

    private Span<byte> Reserve(int length)
    {
        if (_buffer.Length - _length < length)
        {
            byte[] larger = new byte[Math.Max(_buffer.Length * 2, _length + length)];
            _buffer[.._length].CopyTo(larger);
            _buffer = larger;
        }

        return _buffer[_length..];
    }
}
