using System.Text;

namespace Engine.WebSockets;

/// <summary>Takes fields from the front of a binary message. What is missing or malformed breaks it: everything read from then on is empty.</summary>
internal ref struct BinaryFieldReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _left = bytes;

    public bool IsBroken { get; private set; }

    public readonly bool IsAtEnd => _left.IsEmpty;

    public byte Byte()
    {
        if (_left.IsEmpty)
        {
            Break();
            return 0;
        }

        byte first = _left[0];
        _left = _left[1..];
        return first;
    }

    /// <summary>A number of at most 64 bits.</summary>
    public ulong Number()
    {
        ulong number = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            if (shift == 63 && next > 1)
            {
                break;
            }

            number |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return number;
            }
        }

        Break();
        return 0;
    }

    /// <summary>A number as it stands; empty for zero.</summary>
    public byte[] NumberBytes()
    {
        ReadOnlySpan<byte> before = _left;
        return Number() == 0 ? [] : before[..(before.Length - _left.Length)].ToArray();
    }

    public string Text()
    {
        ulong length = Number();
        if (IsBroken || length > (ulong)_left.Length)
        {
            Break();
            return "";
        }

        ReadOnlySpan<byte> text = _left[..(int)length];
        _left = _left[(int)length..];
        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            Break();
            return "";
        }
    }

    public byte[] Rest()
    {
        byte[] rest = _left.ToArray();
        _left = default;
        return rest;
    }

    private void Break()
    {
        IsBroken = true;
        _left = default;
    }
}
