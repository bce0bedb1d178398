using System.Buffers;

namespace Engine.Http1;

/// <summary>The character classes of RFC 9110 §5.6 and RFC 9112 §3, as vectorised searches.</summary>
internal static class HttpCharacters
{
    /// <summary>tchar: what names of methods and fields are made of (RFC 9110 §5.6.2).</summary>
    public static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    /// <summary>The same for text that a host program hands in.</summary>
    public static readonly SearchValues<char> TokenText =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>What a field value must not hold: controls but for the tab (RFC 9110 §5.5).</summary>
    public static readonly SearchValues<byte> NotInFieldValue = SearchValues.Create(Controls(but: (byte)'\t'));

    /// <summary>Visible ASCII without '#', which no request target holds (RFC 9112 §3.2).</summary>
    public static readonly SearchValues<byte> Target = SearchValues.Create(Visible(but: "#"u8));

    private static byte[] Controls(byte but)
    {
        var controls = new List<byte>();
        for (byte value = 0; value < 0x20; value++)
        {
            if (value != but)
            {
                controls.Add(value);
            }
        }

        controls.Add(0x7F);
        return [.. controls];
    }

    private static byte[] Visible(ReadOnlySpan<byte> but)
    {
        var visible = new List<byte>();
        for (byte value = 0x21; value < 0x7F; value++)
        {
            if (!but.Contains(value))
            {
                visible.Add(value);
            }
        }

        return [.. visible];
    }
}
