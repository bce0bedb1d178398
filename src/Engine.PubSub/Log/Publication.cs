using System.Diagnostics;

namespace Engine.PubSub;

/// <summary>
/// One message of a topic, with its place in it and one encoded form for each wire that needed it. Counted by reference: whoever is handed one may use it
/// until the call returns.
/// </summary>
public sealed class Publication
{
    /// <summary>What a message costs beside its payload and key, for the bounds on bytes.</summary>
    internal const int OverheadBytes = 128;

    private readonly SharedSegment _payload;
    private Form? _forms;
    private int _references = 1;

    /// <param name="topic">The topic that it was published to.</param>
    /// <param name="payload">The bytes; one reference becomes the publication's.</param>
    /// <param name="message">Everything else that was published.</param>
    /// <param name="except">The number of the subscriber that is not to get it; 0 for none.</param>
    internal Publication(string topic, SharedSegment payload, in TopicMessage message, long except)
    {
        Topic = topic;
        _payload = payload;
        Kind = message.Kind;
        Key = message.Key;
        EventType = message.EventType;
        IsRemoval = message.IsRemoval;
        NeverCompress = message.NeverCompress;
        Except = except;
    }

    /// <summary>The topic that it was published to.</summary>
    public string Topic { get; }

    /// <summary>The pattern in whose log the publication stands, when that was subscribed to and not the topic; else null. The position is the pattern's then.</summary>
    public string? Pattern { get; internal init; }

    /// <summary>Names the topic or pattern whose position this is, in compact wire formats (<see cref="SubscribeResult.TopicNumber"/>).</summary>
    public int TopicNumber { get; internal init; }

    /// <summary>What the topic or pattern keeps: after a message of an ephemeral topic nobody can go on later.</summary>
    public TopicKind TopicKind { get; internal init; }

    /// <summary>Where it stands.</summary>
    public TopicPosition Position { get; private set; }

    /// <summary>The offset of the message before it in the same log; 0 when it is the first.</summary>
    public ulong PreviousOffset { get; private set; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Payload => _payload.Memory.Span;

    /// <summary>What the bytes are.</summary>
    public PayloadKind Kind { get; }

    /// <summary>The key; null for none.</summary>
    public string? Key { get; }

    /// <summary>Whether the key has no value any more.</summary>
    public bool IsRemoval { get; }

    /// <summary>Whether wires that compress send it plain.</summary>
    public bool NeverCompress { get; }

    /// <summary>Whether this is the state of a topic and not a message of it: what follows its position comes next.</summary>
    public bool IsState { get; internal init; }

    /// <summary>Names the event on wires that have such names; null for none.</summary>
    public string? EventType { get; }

    internal long Except { get; }

    internal int WeightBytes => _payload.Memory.Length + (2 * (Key?.Length ?? 0)) + OverheadBytes;

    /// <summary>Gives the publication its place, before anybody sees it.</summary>
    internal void Place(TopicPosition position, ulong previousOffset)
    {
        Position = position;
        PreviousOffset = previousOffset;
    }

    /// <summary>The same message for another log: the payload is shared.</summary>
    internal Publication CopyFor(Topic pattern, in TopicMessage message)
    {
        _payload.AddReference();
        return new Publication(Topic, _payload, message, Except) { Pattern = pattern.Name, TopicNumber = pattern.Number, TopicKind = pattern.Options.Kind };
    }

    /// <summary>The bytes for one wire, encoded by the first who asks. Only for holders of a reference.</summary>
    internal SharedSegment SegmentFor(WireForm wire)
    {
        for (Form? form = Volatile.Read(ref _forms); form is not null; form = form.Next)
        {
            if (ReferenceEquals(form.Wire, wire))
            {
                return form.Segment;
            }
        }

        return Encode(wire);
    }

    internal void AddReference()
    {
        int references = Interlocked.Increment(ref _references);
        Debug.Assert(references > 1, "Only a holder of a reference may take another.");
    }

    internal void Release()
    {
        int references = Interlocked.Decrement(ref _references);
        Debug.Assert(references >= 0, "A publication was released more often than it was referenced.");
        if (references != 0)
        {
            return;
        }

        for (Form? form = _forms; form is not null; form = form.Next)
        {
            form.Segment.Release();
        }

        _forms = null;
        _payload.Release();
    }

    /// <summary>Two loops that race both encode, and one of them lets go of its result.</summary>
    private SharedSegment Encode(WireForm wire)
    {
        SharedSegment segment = wire.Encode(this);
        while (true)
        {
            Form? first = Volatile.Read(ref _forms);
            for (Form? form = first; form is not null; form = form.Next)
            {
                if (ReferenceEquals(form.Wire, wire))
                {
                    segment.Release();
                    return form.Segment;
                }
            }

            if (ReferenceEquals(Interlocked.CompareExchange(ref _forms, new Form(wire, segment, first), first), first))
            {
                return segment;
            }
        }
    }

    private sealed class Form(WireForm wire, SharedSegment segment, Form? next)
    {
        public WireForm Wire => wire;

        public SharedSegment Segment => segment;

        public Form? Next => next;
    }
}
