using System.Text;

namespace Engine.Http1;

/// <summary>A media type as fields carry it (RFC 9110 §8.3.1): <c>type/subtype</c>, then parameters. A view; allocates nothing.</summary>
internal readonly ref struct MediaType
{
    private MediaType(ReadOnlySpan<byte> essence, ReadOnlySpan<byte> parameters)
    {
        Essence = essence;
        Parameters = parameters;
    }

    /// <summary>Type and subtype as they came.</summary>
    public ReadOnlySpan<byte> Essence { get; }

    /// <summary>What follows them, for a <see cref="ParameterReader"/>.</summary>
    public ReadOnlySpan<byte> Parameters { get; }

    /// <summary>Whether it is JSON by its name: <c>application/json</c>, or any with the suffix of RFC 6839 §3.1.</summary>
    public bool IsJson => Is("application/json"u8) || (Essence.Length > 5 && Ascii.EqualsIgnoreCase(Essence[^5..], "+json"u8));

    public static MediaType Parse(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)';');
        return end < 0 ? new MediaType(value.Trim(" \t"u8), default) : new MediaType(value[..end].Trim(" \t"u8), value[end..]);
    }

    /// <summary>Whether it is this one, whatever its parameters.</summary>
    public bool Is(ReadOnlySpan<byte> essence) => Ascii.EqualsIgnoreCase(Essence, essence);
}
