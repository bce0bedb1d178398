using System.Buffers;
using System.Text.Json;

namespace Engine.Sse;

/// <summary>
/// A stream's subscriptions. It writes with the events where each topic of the stream stands, so that the client's last id says where it goes on. Loop only.
/// </summary>
/// <param name="hub">The topics.</param>
/// <param name="connection">The connection that carries the stream.</param>
internal abstract class SseSubscriber(TopicHub hub, Connection connection) : TopicSubscriber(hub, connection)
{
    /// <summary>What a chunk adds to an event: its size line and its end.</summary>
    private const int MaxFramingBytes = 16;

    private SseStream? _stream;
    private LoopTimer? _checkpointTimer;

    /// <summary>What the stream begins with, until it has been accepted: losses, and the positions of all topics.</summary>
    private SharedSegment? _opening;

    public override object? Peer => _stream;

    /// <summary>Where the topics stand.</summary>
    protected abstract SsePlaces Places { get; }

    protected abstract SseEventNames Names { get; }

    /// <summary>How long events go without a checkpoint, on streams whose events do not carry the positions.</summary>
    protected abstract TimeSpan CheckpointInterval { get; }

    private bool IsReady => _stream is not null && _opening is null;

    /// <summary>The response has begun: events leave from now on.</summary>
    public void Start(SseStream stream)
    {
        if (IsClosed)
        {
            return;
        }

        _stream = stream;
        stream.Drained += _ => Resume();
        Resume();
    }

    /// <summary>What the topic is called in events that tell of a loss; null when its name is the server's own.</summary>
    protected virtual string? NameOf(string topic) => topic;

    /// <summary>What the stream begins with. The memory is kept.</summary>
    protected void SetOpening(ReadOnlyMemory<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            _opening = SharedSegment.Wrap(bytes);
        }
    }

    /// <summary>Sends the positions soon: at once, or after the interval.</summary>
    protected void PromiseCheckpoint(TimeSpan dueIn)
    {
        if (_checkpointTimer is not { IsSet: true })
        {
            _checkpointTimer ??= Connection.CreateTimer(static state => ((SseSubscriber)state!).SendCheckpoint(), this);
            _checkpointTimer.Set(dueIn);
        }
    }

    /// <summary>Sends the positions, at once if there is room.</summary>
    protected void SendCheckpoint()
    {
        if (IsClosed)
        {
            return;
        }

        var output = new ArrayBufferWriter<byte>();
        Places.WriteCheckpoint(output);
        if (output.WrittenCount > 0 && TrySendBlock(output.WrittenMemory) == SendStatus.Dropped)
        {
            PromiseCheckpoint(CheckpointInterval);
        }
    }

    protected SendStatus TrySendBlock(ReadOnlyMemory<byte> bytes)
    {
        if (!IsReady)
        {
            return SendStatus.Dropped;
        }

        SharedSegment block = SharedSegment.Wrap(bytes);
        SendStatus status = _stream!.TrySendRepeatable([], block);
        block.Release();
        return status;
    }

    protected override bool Fits(int lengthBytes) => lengthBytes + Places.LineBytes + MaxFramingBytes <= Connection.Options.MaxOutboundBytes;

    protected override SendStatus TrySend(Publication publication, SharedSegment encoded)
    {
        if (!IsReady)
        {
            return SendStatus.Dropped;
        }

        int index = Places.IndexOf(publication.TopicNumber);
        TopicPosition before = Places.Move(index, publication.Position);
        SendStatus status = _stream!.TrySendRepeatable(Places.WriteLine(stackalloc byte[Places.LineBytes], index), encoded, IsLastOfTurn);
        if (status > SendStatus.Queued)
        {
            Places.Move(index, before);
        }
        else if (index >= 0 && Places.OwesCheckpoint)
        {
            PromiseCheckpoint(CheckpointInterval);
        }

        return status;
    }

    protected override ValueTask<SendStatus> SendAsync(Publication publication, SharedSegment encoded)
    {
        if (!IsReady)
        {
            return new ValueTask<SendStatus>(SendStatus.Dropped);
        }

        // Nothing else of the stream is sent before it: its place is taken.
        int index = Places.IndexOf(publication.TopicNumber);
        Places.Move(index, publication.Position);
        if (index >= 0 && Places.OwesCheckpoint)
        {
            PromiseCheckpoint(CheckpointInterval);
        }

        return _stream!.SendAsync(Places.WriteLine(stackalloc byte[Places.LineBytes], index), encoded);
    }

    protected override SendStatus TellGap(in TopicGap gap)
    {
        if (!IsReady)
        {
            return SendStatus.Dropped;
        }

        int index = Places.IndexOf(gap.Topic);
        TopicPosition before = Places.Move(index, Places.After(gap, index));
        var output = new ArrayBufferWriter<byte>();
        WriteGap(output, gap);
        Places.WriteCheckpoint(output);
        SendStatus status = TrySendBlock(output.WrittenMemory);
        if (status > SendStatus.Queued)
        {
            Places.Move(index, before);
        }

        return status;
    }

    protected override void CloseConnection(int code, string reason) => _stream?.Close();

    protected void WriteGap(ArrayBufferWriter<byte> output, in TopicGap gap)
    {
        SseFormatter.WriteLine(output, "event: "u8, Names.Gap);
        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            if (NameOf(gap.Topic) is { } topic)
            {
                json.WriteString("topic", topic);
            }

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

    private void Resume()
    {
        if (_opening is { } opening && _stream!.TrySendRepeatable([], opening) <= SendStatus.Queued)
        {
            _opening = null;
            opening.Release();
        }

        OnDrained();
    }
}
