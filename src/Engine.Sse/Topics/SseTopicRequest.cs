using System.Globalization;
using Engine.Http1;

namespace Engine.Sse;

/// <summary>What one request wants to hear.</summary>
/// <param name="Topics">The topics, in the order of the stream's ids.</param>
/// <param name="After">What the client has of each; empty for a client that has nothing.</param>
/// <param name="LastCounts">How many of the last messages each begins with where the client has no position; empty for none.</param>
/// <param name="IsProtocol">Whether the events are messages of <c>topics.v1</c>.</param>
internal sealed record SseTopicRequest(IReadOnlyList<string> Topics, TopicPosition[] After, int[] LastCounts, bool IsProtocol)
{
    private const string LastParameter = "last";
    private const string ProtocolParameter = "protocol";
    private const string Protocol = "topics.v1";

    /// <summary>Null when the counts of last messages are none of these topics.</summary>
    /// <param name="context">The request.</param>
    /// <param name="topics">The topics that it names.</param>
    /// <param name="positionParameter">The query parameter that stands for <c>Last-Event-ID</c>; null for none.</param>
    public static SseTopicRequest? Read(HttpContext context, IReadOnlyList<string> topics, string? positionParameter)
    {
        return TryReadCounts(context.Request.GetQueryValue(LastParameter), topics.Count, out int[] counts)
            ? new SseTopicRequest(topics, ReadPositions(context, topics.Count, positionParameter), counts, context.Request.GetQueryValue(ProtocolParameter) == Protocol)
            : null;
    }

    /// <summary>The last position of a topic that the client has; null for none.</summary>
    public TopicPosition? AfterOf(int index) => After.Length == 0 || After[index].IsNone ? null : After[index];

    public int LastCountOf(int index) => LastCounts.Length == 0 ? 0 : LastCounts[index];

    /// <summary>
    /// What the client has: by the field of a browser that comes back, else by the query of a page that was rendered with it. An id that is none of this stream
    /// makes every topic lost, because nobody knows what its client has.
    /// </summary>
    private static TopicPosition[] ReadPositions(HttpContext context, int count, string? parameter)
    {
        if (SseStream.ReadLastEventId(context.Request, parameter) is not { } id)
        {
            return [];
        }

        var positions = new TopicPosition[count];
        if (!SseTopicIds.TryRead(id, positions))
        {
            Array.Fill(positions, TopicPosition.Unknown);
        }

        return positions;
    }

    private static bool TryReadCounts(string? text, int count, out int[] counts)
    {
        counts = [];
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        string[] parts = text.Split(',');
        if (parts.Length != count)
        {
            return false;
        }

        counts = new int[count];
        for (int i = 0; i < count; i++)
        {
            if (parts[i].Length > 0 && !int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out counts[i]))
            {
                return false;
            }
        }

        return true;
    }
}
