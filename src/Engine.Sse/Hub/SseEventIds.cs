using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Engine.Sse;

/// <summary>
/// The ids of one hub: its epoch, so that an id of an earlier process is not taken for one of ours, and a number that rises.
/// Of fixed length, so that the number can be written into an event that was formatted before its turn came.
/// </summary>
internal sealed class SseEventIds
{
    /// <summary>"id: ", epoch, "-", number, line end.</summary>
    public const int LineBytes = 4 + EpochDigits + 1 + NumberDigits + 1;

    private const int EpochDigits = 8;
    private const int NumberDigits = 16;

    private readonly string _epoch = RandomNumberGenerator.GetHexString(EpochDigits, lowercase: true);

    /// <summary>The id to format an event with; its number is written later.</summary>
    public string Blank => Of(0);

    public string Of(long sequence) => string.Create(CultureInfo.InvariantCulture, $"{_epoch}-{sequence:x16}");

    /// <summary>Writes the number into an event that begins with <see cref="Blank"/>'s line.</summary>
    public static void Write(Span<byte> formatted, long sequence)
        => Utf8Formatter.TryFormat(sequence, formatted.Slice(4 + EpochDigits + 1, NumberDigits), out _, new System.Buffers.StandardFormat('x', NumberDigits));

    /// <summary>Reads an id back. False for an id that this hub cannot have given.</summary>
    public bool TryRead(string id, out long sequence)
    {
        sequence = 0;
        return id.Length == EpochDigits + 1 + NumberDigits
            && id.StartsWith(_epoch, StringComparison.Ordinal)
            && id[EpochDigits] == '-'
            && Utf8Parser.TryParse(Encoding.ASCII.GetBytes(id, EpochDigits + 1, NumberDigits), out sequence, out int consumed, 'x')
            && consumed == NumberDigits
            && sequence >= 0;
    }
}
