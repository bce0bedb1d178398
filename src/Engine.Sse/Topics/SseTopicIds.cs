namespace Engine.Sse;

/// <summary>
/// The <c>id:</c> of a stream of topics: one position for each topic, in the order of the topics, divided by commas; empty for a topic that has none yet. A client
/// gives it back as it is, so it says where each topic goes on. Pure.
/// </summary>
internal static class SseTopicIds
{
    private const char Divider = ',';

    /// <summary>Writes an <c>id:</c> line. Returns its length, at most <see cref="MaxLineBytes"/>.</summary>
    public static int WriteLine(Span<byte> destination, ReadOnlySpan<TopicPosition> positions)
    {
        "id: "u8.CopyTo(destination);
        int length = 4;
        for (int i = 0; i < positions.Length; i++)
        {
            if (i > 0)
            {
                destination[length++] = (byte)Divider;
            }

            if (!positions[i].IsNone)
            {
                length += positions[i].Format(destination[length..]);
            }
        }

        destination[length++] = (byte)'\n';
        return length;
    }

    /// <summary>The most bytes that a line of so many positions has.</summary>
    public static int MaxLineBytes(int count) => 5 + (count * (TopicPosition.MaxTextLength + 1));

    /// <summary>
    /// Reads an id. False when it is none of a stream of so many topics, so that nobody knows what its client has.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<char> id, Span<TopicPosition> positions)
    {
        int count = 0;
        foreach (Range range in id.Split(Divider))
        {
            ReadOnlySpan<char> text = id[range];
            TopicPosition position = default;
            if (count == positions.Length || (!text.IsEmpty && !TopicPosition.TryParse(text, out position)))
            {
                return false;
            }

            positions[count++] = position;
        }

        return count == positions.Length;
    }
}
