using System.Globalization;

namespace Engine.PubSub;

/// <summary>
/// A place in a topic: after the message with this offset. Offsets rise; an epoch names one life of a topic, so that a position of an earlier process, or of
/// a topic that was forgotten in between, is never taken for one of now.
/// </summary>
/// <param name="Epoch">One life of the topic; 0 means no position.</param>
/// <param name="Offset">The message's number within the epoch; 0 is before the first one.</param>
public readonly record struct TopicPosition(ulong Epoch, ulong Offset)
{
    /// <summary>The most characters of <see cref="ToString"/>: 16 hexadecimal digits, a dash, 20 decimal digits.</summary>
    public const int MaxTextLength = 37;

    /// <summary>
    /// A position of no epoch that ever was: a subscriber that comes with it is told that it lost something, as one is whose position nobody can read.
    /// </summary>
    public static TopicPosition Unknown => new(ulong.MaxValue, 0);

    /// <summary>Whether this is no position.</summary>
    public bool IsNone => Epoch == 0;

    /// <summary>Reads what <see cref="ToString"/> writes. False for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TopicPosition position)
    {
        position = default;
        int dash = text.IndexOf('-');
        if (dash <= 0
            || !ulong.TryParse(text[..dash], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong epoch)
            || !ulong.TryParse(text[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ulong offset)
            || epoch == 0)
        {
            return false;
        }

        position = new TopicPosition(epoch, offset);
        return true;
    }

    /// <summary>Writes the text into <paramref name="destination"/>, which needs <see cref="MaxTextLength"/> bytes at most. Returns the length.</summary>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int Format(Span<byte> destination)
    {
        if (!Epoch.TryFormat(destination, out int length, "x", CultureInfo.InvariantCulture) || length == destination.Length)
        {
            throw new ArgumentException("A position needs up to 37 bytes.", nameof(destination));
        }

        destination[length++] = (byte)'-';
        return Offset.TryFormat(destination[length..], out int written, default, CultureInfo.InvariantCulture)
            ? length + written
            : throw new ArgumentException("A position needs up to 37 bytes.", nameof(destination));
    }

    /// <summary>The epoch in hexadecimal, a dash, the offset in decimal; empty for no position.</summary>
    public override string ToString() => IsNone ? "" : string.Create(CultureInfo.InvariantCulture, $"{Epoch:x}-{Offset}");
}
