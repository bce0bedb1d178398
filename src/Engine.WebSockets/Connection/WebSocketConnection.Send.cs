using System.Buffers;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;

namespace Engine.WebSockets;

/// <summary>Messages that answer at once: whole or not at all, and never a wait.</summary>
public abstract partial class WebSocketConnection
{
    private const int ClosedGate = 1;
    private const int StreamGate = 2;
    private const int AnyGate = ClosedGate | StreamGate;
    private const int MaxStackChars = 512;
    private const int MaxCompressedAtOnceBytes = 256 << 10;

    private DeflateContext? _deflate;
    private MessageWriter? _writer;
    private int _gate;
    private int _sendersUnderWay;
    private bool _isDrainOwed;

    /// <summary>
    /// Sends a text message if there is room for all of it. A message larger than <see cref="ConnectionOptions.MaxOutboundBytes"/> fits only when nothing else waits:
    /// use <see cref="SendTextAsync(string, bool, CancellationToken)"/>.
    /// </summary>
    /// <param name="text">UTF-16; what is no valid text in it is replaced by U+FFFD.</param>
    /// <param name="compress">False keeps the message plain, also where compression was agreed on: for secrets.</param>
    public SendStatus TrySendText(ReadOnlySpan<char> text, bool compress = true)
    {
        // A UTF-16 unit becomes three bytes at most.
        int maxBytes = checked(text.Length * 3);
        byte[]? rented = text.Length > MaxStackChars ? ArrayPool<byte>.Shared.Rent(maxBytes) : null;
        Span<byte> utf8 = rented ?? stackalloc byte[MaxStackChars * 3];
        Utf8.FromUtf16(text, utf8, out _, out int length);
        SendStatus status = TrySend(FrameOpcode.Text, utf8[..length], compress);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return status;
    }

    /// <summary>The same for text that is UTF-8 already. It is not checked: a peer fails the connection on bytes that are not UTF-8.</summary>
    public SendStatus TrySendText(ReadOnlySpan<byte> utf8, bool compress = true) => TrySend(FrameOpcode.Text, utf8, compress);

    /// <summary>Sends a binary message if there is room for all of it.</summary>
    public SendStatus TrySendBinary(ReadOnlySpan<byte> bytes, bool compress = true) => TrySend(FrameOpcode.Binary, bytes, compress);

    /// <summary>Sends a text message of JSON, written by source-generated metadata, if there is room for all of it.</summary>
    public SendStatus TrySendJson<T>(T value, JsonTypeInfo<T> typeInfo, bool compress = true)
    {
        using var json = new PooledJson();
        return TrySend(FrameOpcode.Text, json.Write(value, typeInfo).Span, compress);
    }

    /// <summary>Sends a message on, as the same kind, if there is room for all of it.</summary>
    public SendStatus TrySend(WebSocketMessage message, bool compress = true)
        => TrySend(message.IsText ? FrameOpcode.Text : FrameOpcode.Binary, message.Data, compress);

    /// <summary>Sends a message that was framed before, by reference, if there is room for all of it.</summary>
    public SendStatus TrySend(PreparedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        SharedSegment segment = message.SegmentFor(this);
        if (!TryEnter(AnyGate, out bool isOnLoop, out SendStatus refusal))
        {
            return refusal;
        }

        SendStatus status = _masks is null ? Connection.TrySend([], segment) : TrySendMasked(segment.Memory.Span);
        Leave(isOnLoop);
        return status;
    }

    /// <summary>Sends a whole frame of a topic's log, which repeats it when there is no room now. Loop only.</summary>
    internal SendStatus TrySendRepeatable(SharedSegment frame, bool isLast)
    {
        int gate = Volatile.Read(ref _gate) & AnyGate;
        return gate == 0 ? Connection.TrySendRepeatable([], frame, isLast: isLast) : Refuse(gate);
    }

    /// <summary>Sends a ping, from the reserve that pressure does not use up. <see cref="SendStatus.Dropped"/> when even that is full.</summary>
    /// <param name="payload">At most 125 bytes, which the pong brings back.</param>
    /// <exception cref="ArgumentException">The payload is longer.</exception>
    public SendStatus TryPing(ReadOnlySpan<byte> payload = default)
    {
        if (payload.Length > FrameHeader.MaxControlPayloadBytes)
        {
            throw new ArgumentException("A ping has at most 125 bytes.", nameof(payload));
        }

        if (!TryEnter(ClosedGate, out bool isOnLoop, out SendStatus refusal))
        {
            return refusal;
        }

        Span<byte> frame = stackalloc byte[FrameHeader.MaxControlBytes];
        int length = WriteFrame(frame, FrameEncoder.FirstByte(FrameOpcode.Ping, isFinal: true, isCompressed: false), payload);
        SendStatus status = Connection.TrySendControl(frame[..length]);
        Leave(isOnLoop);
        return status;
    }

    /// <summary>Bundles messages, so that they leave together also when they come from a thread that is not the loop.</summary>
    public WebSocketCork Cork() => new(this);

    internal bool HasSendersUnderWay => Volatile.Read(ref _sendersUnderWay) != 0;

    /// <summary>Nothing more is sent: topics have nobody here any more. Loop only.</summary>
    internal void RefuseSends()
    {
        Interlocked.Or(ref _gate, ClosedGate);
        EndTopics();
    }

    /// <summary>The compressor whose history the peer has. Loop only.</summary>
    internal DeflateContext KeptDeflate => _deflate ??= RentDeflate();

    /// <summary>A compressor for one message, which goes back to the endpoint's pool.</summary>
    internal DeflateContext RentDeflate() => _endpoint.Contexts!.RentDeflate(Deflate.SendWindowBits);

    /// <summary>Gives back the compressor that a takeover kept: the next message begins a new history, which the RFC leaves to the sender. Loop only.</summary>
    internal void ReturnDeflate()
    {
        if (_deflate is { } deflate)
        {
            _deflate = null;
            deflate.ForgetHistory();
            _endpoint.Contexts!.Return(deflate);
        }
    }

    internal SendStatus TrySend(FrameOpcode opcode, ReadOnlySpan<byte> payload, bool compress)
    {
        if (!TryEnter(AnyGate, out bool isOnLoop, out SendStatus refusal))
        {
            return refusal;
        }

        SendStatus status;
        if (compress && MayCompress(payload.Length, isOnLoop))
        {
            status = TrySendCompressed(opcode, payload);
        }
        else
        {
            status = TrySendFrame(FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed: false), payload);
        }

        Leave(isOnLoop);
        return status;
    }

    /// <summary>Sends bytes that are whole frames already, as one unit.</summary>
    internal SendStatus TrySendFrames(ReadOnlySpan<byte> frames)
    {
        if (!TryEnter(AnyGate, out bool isOnLoop, out SendStatus refusal))
        {
            return refusal;
        }

        SendStatus status = Connection.TrySend(frames);
        Leave(isOnLoop);
        return status;
    }

    /// <summary>
    /// Passes the gate, or says why not. On the loop that is one look: whatever shuts the gate runs there too. Another thread counts itself in first, and
    /// whoever shuts the gate waits until all who passed have left, so that nothing follows a close frame or falls into a streamed message.
    /// </summary>
    private bool TryEnter(int shutGates, out bool isOnLoop, out SendStatus refusal)
    {
        isOnLoop = Connection.IsOnLoop;
        refusal = SendStatus.Sent;
        if (!isOnLoop)
        {
            Interlocked.Increment(ref _sendersUnderWay);
        }

        int gate = Volatile.Read(ref _gate) & shutGates;
        if (gate == 0)
        {
            return true;
        }

        Leave(isOnLoop);
        refusal = Refuse(gate);
        return false;
    }

    private void Leave(bool isOnLoop)
    {
        if (!isOnLoop)
        {
            Interlocked.Decrement(ref _sendersUnderWay);
        }
    }

    private SendStatus Refuse(int gate)
    {
        if ((gate & ClosedGate) != 0 || !Connection.IsOpen)
        {
            return SendStatus.Closed;
        }

        // A streamed message is under way, and nothing may come between its fragments: room comes with its end.
        Volatile.Write(ref _isDrainOwed, true);
        Interlocked.MemoryBarrier();
        if ((Volatile.Read(ref _gate) & StreamGate) == 0)
        {
            // It ended just now and may not have seen that someone waits.
            Connection.Post(static socket => ((WebSocketConnection)socket!).RaiseOwedDrain(), this);
        }

        return SendStatus.Dropped;
    }

    /// <summary>A kept history must see messages in the order in which they leave, which only the loop knows.</summary>
    private bool MayCompress(int payloadBytes, bool isOnLoop)
        => payloadBytes >= _endpoint.ThresholdBytes && Deflate.IsAgreed && (isOnLoop || !Deflate.SendTakeover);

    /// <summary>
    /// Compresses a message that may leave later than others, or never. With a takeover it stays plain: a kept history has to leave in the order in which it grew.
    /// </summary>
    internal bool TryCompressAlone(ReadOnlySpan<byte> payload, ref MessageBuffer packed)
        => payload.Length >= _endpoint.ThresholdBytes && Deflate.IsAgreed && !Deflate.SendTakeover && Compress(payload, ref packed);

    private SendStatus TrySendCompressed(FrameOpcode opcode, ReadOnlySpan<byte> payload)
    {
        var packed = default(MessageBuffer);
        bool isCompressed = Compress(payload, ref packed);
        ReadOnlySpan<byte> body = isCompressed ? packed.Written : payload;
        SendStatus status = TrySendFrame(FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed), body);
        packed.Return();
        if (status == SendStatus.Dropped)
        {
            _deflate?.ForgetHistory();
        }

        return status;
    }

    /// <summary>False when the message does not get shorter; then it goes plain.</summary>
    private bool Compress(ReadOnlySpan<byte> payload, ref MessageBuffer packed)
    {
        DeflateContextPool contexts = _endpoint.Contexts!;
        if (Deflate.SendTakeover)
        {
            KeptDeflate.Compress(payload, ref packed, keepHistory: true);
            return true;
        }

        DeflateContext context = contexts.RentDeflate(Deflate.SendWindowBits);
        context.Compress(payload, ref packed, keepHistory: false);
        contexts.Return(context);
        return packed.LengthBytes < payload.Length;
    }
}
