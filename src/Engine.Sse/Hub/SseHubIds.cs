using System.Globalization;

namespace Engine.Sse;

/// <summary>
/// The <c>id:</c> of a hub's stream: for each topic that can be gone on with a tag of its name, a colon and the position, divided by commas. A client gives it
/// back as it is, also to a stream of other channels, so each position says whose it is. Pure.
/// </summary>
internal static class SseHubIds
{
    private const int MaxTagBytes = 8;

    /// <summary>The most bytes that a line of so many positions has.</summary>
    public static int MaxLineBytes(int count) => 5 + (count * (MaxTagBytes + 1 + TopicPosition.MaxTextLength + 1));

    /// <summary>A topic's tag: 32 bits of its name (FNV-1a). Two topics of one tag are told apart by their epochs, and that as a loss.</summary>
    public static uint TagOf(string topic)
    {
        uint hash = 2_166_136_261;
        foreach (char character in topic)
        {
            hash = (hash ^ character) * 16_777_619;
        }

        return hash;
    }

    /// <summary>Writes one position after others. Returns the length with it.</summary>
    /// <param name="destination">The line.</param>
    /// <param name="length">What stands in it; 0 begins it.</param>
    /// <param name="tag">The topic's tag.</param>
    /// <param name="position">The topic's position.</param>
    public static int WritePosition(Span<byte> destination, int length, uint tag, TopicPosition position)
    {
        if (length == 0)
        {
            "id: "u8.CopyTo(destination);
            length = 4;
        }
        else
        {
            destination[length++] = (byte)',';
        }

        tag.TryFormat(destination[length..], out int written, "x", CultureInfo.InvariantCulture);
        length += written;
        destination[length++] = (byte)':';
        return length + position.Format(destination[length..]);
    }

    /// <summary>An id as text.</summary>
    public static string Format(IEnumerable<(string Topic, TopicPosition Position)> positions)
        => string.Join(',', positions.Select(static place => string.Create(CultureInfo.InvariantCulture, $"{TagOf(place.Topic):x}:{place.Position}")));

    /// <summary>Reads an id. Null when it is none of a hub, so that nobody knows what its client has.</summary>
    public static Dictionary<uint, TopicPosition>? Read(ReadOnlySpan<char> id)
    {
        var positions = new Dictionary<uint, TopicPosition>();
        foreach (Range range in id.Split(','))
        {
            ReadOnlySpan<char> text = id[range];
            int colon = text.IndexOf(':');
            if (colon < 1
                || !uint.TryParse(text[..colon], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint tag)
                || !TopicPosition.TryParse(text[(colon + 1)..], out TopicPosition position))
            {
                return null;
            }

            positions[tag] = position;
        }

        return positions;
    }
}
