using System.Text.Unicode;

namespace Engine.WebSockets;

/// <summary>
/// Checks text that arrives in pieces (RFC 3629, RFC 6455 §8.1) and fails with the first byte that cannot belong to any text, also when that byte
/// stands in the middle of a code point whose rest has not arrived. Pure. Allocates nothing.
/// </summary>
internal struct Utf8Run
{
    private byte _needed;
    private byte _lowest;
    private byte _highest;

    /// <summary>Whether everything so far is whole code points.</summary>
    public readonly bool IsComplete => _needed == 0;

    /// <summary>Takes the next piece. False: no text begins like this.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        int start = 0;
        while (_needed != 0 && start < bytes.Length)
        {
            if (!TryContinue(bytes[start++]))
            {
                return false;
            }
        }

        // The bulk goes through the vectorised check; only a code point that the end cuts in two is followed byte by byte.
        int cut = bytes.Length - CountCutBytes(bytes[start..]);
        if (!Utf8.IsValid(bytes[start..cut]))
        {
            return false;
        }

        for (int i = cut; i < bytes.Length; i++)
        {
            if (_needed == 0 ? !TryBegin(bytes[i]) : !TryContinue(bytes[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Forgets what came before: a new message begins.</summary>
    public void Reset() => _needed = 0;

    /// <summary>How many of the last bytes are the beginning of a code point that goes on behind the end.</summary>
    private static int CountCutBytes(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= 3 && back <= bytes.Length; back++)
        {
            byte value = bytes[^back];
            if (value < 0x80)
            {
                return 0;
            }

            if (value >= 0xC0)
            {
                int length = value >= 0xF0 ? 4 : value >= 0xE0 ? 3 : 2;
                return length > back ? back : 0;
            }
        }

        return 0;
    }

    private bool TryBegin(byte lead)
    {
        // RFC 3629 §4: the second byte's range rules out overlong forms, surrogates and what lies above U+10FFFF.
        (_needed, _lowest, _highest) = lead switch
        {
            >= 0xC2 and <= 0xDF => ((byte)1, (byte)0x80, (byte)0xBF),
            0xE0 => ((byte)2, (byte)0xA0, (byte)0xBF),
            0xED => ((byte)2, (byte)0x80, (byte)0x9F),
            >= 0xE1 and <= 0xEF => ((byte)2, (byte)0x80, (byte)0xBF),
            0xF0 => ((byte)3, (byte)0x90, (byte)0xBF),
            0xF4 => ((byte)3, (byte)0x80, (byte)0x8F),
            >= 0xF1 and <= 0xF3 => ((byte)3, (byte)0x80, (byte)0xBF),
            _ => ((byte)0, (byte)0, (byte)0),
        };
        return _needed != 0 || lead < 0x80;
    }

    private bool TryContinue(byte value)
    {
        if (value < _lowest || value > _highest)
        {
            return false;
        }

        _needed--;
        _lowest = 0x80;
        _highest = 0xBF;
        return true;
    }
}
