using System.Buffers;
using System.Text.Json;

namespace Engine.Sse;

/// <summary>The subscriptions of a stream whose topics are those of its request. Loop only.</summary>
/// <param name="connection">The connection that carries the stream.</param>
/// <param name="endpoint">What the streams of the route share.</param>
/// <param name="request">What the stream is of.</param>
internal sealed class SseTopicSubscriber(Connection connection, SseTopicEndpoint endpoint, SseTopicRequest request) : SseSubscriber(endpoint.Hub, connection)
{
    private readonly SseTopicPlaces _places = new(request.Topics, isExact: request.Topics.Count <= endpoint.Options.MaxExactTopics);

    protected override SsePlaces Places => _places;

    protected override SseEventNames Names => endpoint.Names;

    protected override TimeSpan CheckpointInterval => endpoint.Options.CheckpointInterval;

    protected override WireForm Form { get; }
        = request.IsProtocol ? endpoint.FormOfMessages : request.Topics.Count == 1 ? endpoint.FormWithId : endpoint.FormWithoutId;

    /// <summary>
    /// Subscribes to all topics, or to none. Returns what refused them. On a stream of <c>topics.v1</c> each topic is told by a message what became of it, and one
    /// that is refused does not keep the client from the others.
    /// </summary>
    /// <param name="forbidden">Those that the client may not hear.</param>
    public SubscribeStatus SubscribeAll(HashSet<string> forbidden)
    {
        IReadOnlyList<string> topics = request.Topics;
        var opening = new ArrayBufferWriter<byte>();
        for (int i = 0; i < topics.Count; i++)
        {
            if (forbidden.Contains(topics[i]))
            {
                WriteRefusal(opening, topics[i], "forbidden", "never");
                continue;
            }

            SubscribeResult result = Subscribe(topics[i], request.AfterOf(i), request.LastCountOf(i));
            if (request.IsProtocol && result.Status != SubscribeStatus.Closed)
            {
                WriteAnswer(opening, topics[i], result);
                continue;
            }

            if (!result.IsSubscribed)
            {
                Close();
                return result.Status;
            }

            // None while the topic's state is waited for: a client that leaves before has nothing.
            TopicPosition start = PositionOf(topics[i]);
            _places.Set(i, result.TopicNumber, result.Kind, start);
            if (result.Status == SubscribeStatus.Lost)
            {
                WriteGap(opening, new TopicGap(topics[i], result.LostAfter, start.IsNone ? result.Position : start, result.LostCount));
            }
        }

        if (!request.IsProtocol)
        {
            _places.WriteCheckpoint(opening);
        }

        SetOpening(opening.WrittenMemory);
        return SubscribeStatus.Subscribed;
    }

    protected override SendStatus TellGap(in TopicGap gap) => request.IsProtocol ? TrySendBlock(EventOf(TopicJson.Gap(gap))) : base.TellGap(gap);

    private static void WriteAnswer(ArrayBufferWriter<byte> output, string topic, in SubscribeResult result)
    {
        if (result.IsSubscribed)
        {
            output.Write(EventOf(TopicJson.Subscribed(topic, result)).Span);
        }
        else
        {
            bool mayComeBack = result.Status == SubscribeStatus.TooManyTopics;
            WriteRefusal(output, topic, JsonNamingPolicy.CamelCase.ConvertName(result.Status.ToString()), mayComeBack ? "later" : "never");
        }
    }

    private static void WriteRefusal(ArrayBufferWriter<byte> output, string topic, string code, string retry)
    {
        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("type", "error");
            json.WriteString("topic", topic);
            json.WriteString("code", code);
            json.WriteString("retry", retry);
            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }

    /// <summary>An event with one line of data.</summary>
    private static ReadOnlyMemory<byte> EventOf(byte[] json) => (byte[])[.. "data: "u8, .. json, (byte)'\n', (byte)'\n'];
}
