using System.Buffers;
using System.Text.Json;

namespace Engine.Sse;

/// <summary>
/// A stream's subscriptions. It writes with the events where each topic of the stream stands, so that the client's last id says where it goes on. Loop only.
/// </summary>
/// <param name="hub">The topics.</param>
/// <param name="connection">The connection that carries the stream.</param>
/// <param name="endpoint">What the streams of the route share.</param>
/// <param name="request">What the stream is of.</param>
internal sealed class SseTopicSubscriber(TopicHub hub, Connection connection, SseTopicEndpoint endpoint, SseTopicRequest request)
    : TopicSubscriber(hub, connection)
{
    /// <summary>What a chunk adds to an event: its size line and its end.</summary>
    private const int MaxFramingBytes = 16;

    private readonly SseTopicPlaces _places = new(request.Topics, isExact: request.Topics.Count <= endpoint.Options.MaxExactTopics);
    private SseStream? _stream;
    private LoopTimer? _checkpointTimer;

    /// <summary>What the stream begins with, until it has been accepted: losses, and the positions of all topics.</summary>
    private SharedSegment? _opening;

    public override object? Peer => _stream;

    protected override WireForm Form { get; }
        = request.IsProtocol ? endpoint.FormOfMessages : request.Topics.Count == 1 ? endpoint.FormWithId : endpoint.FormWithoutId;

    /// <summary>Whether messages say their positions themselves, so that nothing stands before them.</summary>
    private bool HasOwnPositions => request.IsProtocol || request.Topics.Count == 1;

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

        _opening = SharedSegment.Wrap(opening.WrittenMemory);
        return SubscribeStatus.Subscribed;
    }

    /// <summary>The response has begun: events leave from now on.</summary>
    public void Start(SseStream stream)
    {
        _stream = stream;
        stream.Drained += _ => Resume();
        Resume();
    }

    protected override bool Fits(int lengthBytes) => lengthBytes + _places.LineBytes + MaxFramingBytes <= Connection.Options.MaxOutboundBytes;

    protected override SendStatus TrySend(Publication publication, SharedSegment encoded)
    {
        if (_stream is null || _opening is not null)
        {
            return SendStatus.Dropped;
        }

        if (HasOwnPositions)
        {
            return _stream.TrySendRepeatable([], encoded);
        }

        int index = _places.IndexOf(publication.TopicNumber);
        TopicPosition before = _places.Move(index, publication.Position);
        SendStatus status = _stream.TrySendRepeatable(_places.WriteLine(stackalloc byte[_places.LineBytes]), encoded);
        if (status > SendStatus.Queued)
        {
            _places.Move(index, before);
        }
        else
        {
            PromiseCheckpoint();
        }

        return status;
    }

    protected override ValueTask<SendStatus> SendAsync(Publication publication, SharedSegment encoded)
    {
        if (_stream is null || _opening is not null)
        {
            return new ValueTask<SendStatus>(SendStatus.Dropped);
        }

        if (HasOwnPositions)
        {
            return _stream.SendAsync([], encoded);
        }

        // Nothing else of the stream is sent before it: its place is taken.
        _places.Move(_places.IndexOf(publication.TopicNumber), publication.Position);
        PromiseCheckpoint();
        return _stream.SendAsync(_places.WriteLine(stackalloc byte[_places.LineBytes]), encoded);
    }

    protected override SendStatus TellGap(in TopicGap gap)
    {
        if (_stream is null || _opening is not null)
        {
            return SendStatus.Dropped;
        }

        if (request.IsProtocol)
        {
            SharedSegment message = SharedSegment.Wrap(EventOf(TopicJson.Gap(gap)));
            SendStatus told = _stream.TrySendRepeatable([], message);
            message.Release();
            return told;
        }

        int index = _places.IndexOf(gap.Topic);
        TopicPosition before = _places.Move(index, _places.After(gap, index));
        var output = new ArrayBufferWriter<byte>();
        WriteGap(output, gap);
        _places.WriteCheckpoint(output);
        SharedSegment block = SharedSegment.Wrap(output.WrittenMemory);
        SendStatus status = _stream.TrySendRepeatable([], block);
        block.Release();
        if (status > SendStatus.Queued)
        {
            _places.Move(index, before);
        }

        return status;
    }

    protected override void CloseConnection(int code, string reason) => _stream?.Close();

    private void Resume()
    {
        if (_opening is { } opening && _stream!.TrySendRepeatable([], opening) <= SendStatus.Queued)
        {
            _opening = null;
            opening.Release();
        }

        OnDrained();
    }

    private void PromiseCheckpoint()
    {
        if (!_places.IsExact && _checkpointTimer is not { IsSet: true })
        {
            _checkpointTimer ??= Connection.CreateTimer(static state => ((SseTopicSubscriber)state!).SendCheckpoint(), this);
            _checkpointTimer.Set(endpoint.Options.CheckpointInterval);
        }
    }

    private void SendCheckpoint()
    {
        if (IsClosed)
        {
            return;
        }

        var output = new ArrayBufferWriter<byte>();
        _places.WriteCheckpoint(output);
        SharedSegment block = SharedSegment.Wrap(output.WrittenMemory);
        if (_stream!.TrySendRepeatable([], block) == SendStatus.Dropped)
        {
            _checkpointTimer!.Set(endpoint.Options.CheckpointInterval);
        }

        block.Release();
    }

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

    private void WriteGap(ArrayBufferWriter<byte> output, in TopicGap gap)
    {
        SseFormatter.WriteLine(output, "event: "u8, endpoint.Options.GapEventType);
        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("topic", gap.Topic);
            if (gap.After != TopicPosition.Unknown)
            {
                json.WriteString("after", gap.After.ToString());
            }

            json.WriteString("to", gap.To.ToString());
            if (gap.MissedCount is { } missed)
            {
                json.WriteNumber("missed", missed);
            }

            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }
}
