using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Engine.Http1;

namespace Engine.Sse;

/// <summary>
/// One client that listens (WHATWG HTML §9.2). Events go out whole and in order through the connection's bounded queue, whose pressure the caller sees.
/// Any thread, several at once; after the end every send answers <see cref="SendStatus.Closed"/>.
/// </summary>
public sealed class SseStream
{
    /// <summary>What a chunk adds to an event: its size line and its end.</summary>
    private const int MaxFramingBytes = 16;

    /// <summary>When a stream that has had no event gets its first comment: a proxy may wait for the first byte of a body before it passes on the head.</summary>
    private static readonly TimeSpan FirstBeat = TimeSpan.FromSeconds(1);

    private readonly ResponseStream _stream;
    private readonly EventBufferPool _buffers;
    private readonly SseOptions _options;
    private readonly HttpContext _context;
    private long _eventCount;
    private long _lastSeenCount;
    private int _missedHeartbeats;
    private bool _hasBeaten;

    internal SseStream(HttpContext context, ResponseStream stream, SseOptions options, EventBufferPool buffers)
    {
        _context = context;
        _stream = stream;
        _options = options;
        _buffers = buffers;
        Connection = context.Connection;
        LastEventId = ReadLastEventId(context.Request, options.LastEventIdParameter);
        stream.Drained += () => Drained?.Invoke(this);
        stream.CoalescingInterval = options.CoalescingInterval;
        if (options.ReconnectWindow > TimeSpan.Zero)
        {
            stream.Stopping += Advise;
        }

        if (options.HeartbeatInterval != Timeout.InfiniteTimeSpan)
        {
            stream.SetTimer(options.HeartbeatInterval < FirstBeat ? options.HeartbeatInterval : FirstBeat, Beat);
        }
    }

    /// <summary>After a send answered <see cref="SendStatus.Queued"/> or <see cref="SendStatus.Dropped"/>: there is room again. Raised on the connection's loop.</summary>
    public event Action<SseStream>? Drained;

    /// <summary>
    /// The id of the last event that the client saw before it connected again: of the <c>Last-Event-ID</c> field, read as UTF-8 (WHATWG HTML §9.2.4), else of the
    /// query (<see cref="SseOptions.LastEventIdParameter"/>); null for a new client.
    /// </summary>
    public string? LastEventId { get; }

    /// <summary>The connection that carries the stream.</summary>
    public Connection Connection { get; }

    /// <summary>The request that opened the stream. Valid until the handler completes.</summary>
    public HttpContext Context => _context;

    /// <summary>Events accepted so far. Heartbeats, comments and others without data are none.</summary>
    public long EventCount => Interlocked.Read(ref _eventCount);

    /// <summary>Whether sends are accepted.</summary>
    public bool IsOpen => _stream.IsOpen;

    /// <summary>Whether a send would answer <see cref="SendStatus.Sent"/>.</summary>
    public bool IsWritable => _stream.IsWritable;

    /// <summary>Bytes that the engine holds for the client and the kernel has not taken.</summary>
    public int BufferedBytes => _stream.BufferedBytes;

    /// <summary>Cancelled when the client is gone, the server stops, or the stream was closed.</summary>
    public CancellationToken Closed => _stream.Closed;

    /// <summary>Sends an event if there is room for all of it. Never waits. <see cref="SendStatus.Queued"/> means accepted: do not send it again.</summary>
    /// <exception cref="ArgumentException">The id cannot come back in a header field, or the event type would end its line.</exception>
    public SendStatus TrySend(in SseEvent item)
    {
        EventBuffer buffer = _buffers.Format(item);
        SendStatus status;
        if (buffer.IsLarge)
        {
            SharedSegment shared = buffer.Share();
            status = _stream.TrySend(shared);
            shared.Release();
        }
        else
        {
            status = _stream.TrySend(buffer.Span);
            buffer.Return();
        }

        return HasData(item) ? Count(status) : status;
    }

    /// <summary>Sends an event that was formatted once for many (<see cref="Prepare"/>).</summary>
    public SendStatus TrySend(SharedSegment prepared) => Count(_stream.TrySend(prepared));

    /// <summary>Sends an event, waiting for room if need be; <see cref="SendStatus.Closed"/> when the stream ends first.</summary>
    /// <exception cref="ArgumentException">The id cannot come back in a header field, or the event type would end its line.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before the event began: nothing of it will be sent.</exception>
    public ValueTask<SendStatus> SendAsync(in SseEvent item, CancellationToken cancellationToken = default)
    {
        EventBuffer buffer = _buffers.Format(item);
        ValueTask<SendStatus> sending;
        if (buffer.IsLarge)
        {
            SharedSegment shared = buffer.Share();
            sending = _stream.SendAsync(shared, cancellationToken);
            shared.Release();
        }
        else
        {
            // The stream has taken its copy when it returns.
            sending = _stream.SendAsync(buffer.Memory, cancellationToken);
            buffer.Return();
        }

        return HasData(item) ? CountAsync(sending) : sending;
    }

    /// <summary>
    /// Sends a value as JSON, by the metadata of a source-generated context. Without <paramref name="eventType"/> it is named by the type's <see cref="SseEventAttribute"/>.
    /// </summary>
    public ValueTask<SendStatus> SendJsonAsync<T>(T value, JsonTypeInfo<T> typeInfo, string? eventType = null, string? id = null, CancellationToken cancellationToken = default)
    {
        SseEvent item = SseEvent.FromJson(value, typeInfo);
        return SendAsync(item with { EventType = eventType ?? item.EventType, Id = id }, cancellationToken);
    }

    /// <summary>Sends bytes as base64 in one data line, for what is not text.</summary>
    public ValueTask<SendStatus> SendBinaryAsync(ReadOnlySpan<byte> bytes, string? eventType = null, string? id = null, CancellationToken cancellationToken = default)
        => SendAsync(new SseEvent(Convert.ToBase64String(bytes)) { EventType = eventType, Id = id }, cancellationToken);

    /// <summary>Sends a comment, which clients ignore.</summary>
    public SendStatus TrySendComment(string text) => TrySend(new SseEvent(null) { Comment = text });

    /// <summary>Completes when there is room again; at once when there is.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public ValueTask<SendStatus> WhenWritableAsync(CancellationToken cancellationToken = default) => _stream.WhenWritableAsync(cancellationToken);

    /// <summary>Ends the stream from this side: <see cref="Closed"/> is cancelled, and the response ends when the handler completes. Idempotent.</summary>
    public void Close() => _stream.RequestEnd();

    /// <summary>Formats an event once, to be sent to many with <see cref="TrySend(SharedSegment)"/>. The caller releases it when it has been handed to all.</summary>
    /// <exception cref="ArgumentException">The id cannot come back in a header field, or the event type would end its line.</exception>
    public static SharedSegment Prepare(in SseEvent item)
    {
        var buffer = new ArrayBufferWriter<byte>();
        SseFormatter.Write(buffer, item);
        return SharedSegment.Wrap(buffer.WrittenMemory);
    }

    /// <summary>Whether the connection's queue could ever hold the event as one message.</summary>
    internal bool Fits(SharedSegment prepared) => prepared.Memory.Length + MaxFramingBytes <= Connection.Options.MaxOutboundBytes;

    /// <summary>Sends an event that was formatted before, waiting for room if need be.</summary>
    internal ValueTask<SendStatus> SendPreparedAsync(SharedSegment prepared, CancellationToken cancellationToken)
        => CountAsync(_stream.SendAsync(prepared, cancellationToken));

    /// <summary>Sends the rest of an event that was formatted once for many behind lines of its own; its log repeats it when there is no room now. Loop only.</summary>
    internal SendStatus TrySendRepeatable(ReadOnlySpan<byte> lines, SharedSegment rest, bool isLast = false)
        => Count(_stream.TrySendRepeatable(lines, rest, isLast));

    /// <summary>Sends the rest of an event that was formatted once for many behind lines of its own, waiting for room if need be.</summary>
    internal ValueTask<SendStatus> SendAsync(ReadOnlySpan<byte> lines, SharedSegment rest) => CountAsync(_stream.SendAsync(lines, rest));

    /// <summary>Where the client stands. A browser that comes back counts more than the address of its page, which does not change.</summary>
    internal static string? ReadLastEventId(HttpRequest request, string? parameter)
    {
        if (request.Headers.TryGetBytes("Last-Event-ID", out ReadOnlySpan<byte> field) && !field.IsEmpty)
        {
            return Encoding.UTF8.GetString(field);
        }

        return parameter is not null && request.GetQueryValue(parameter) is { Length: > 0 } value ? value : null;
    }

    private static bool HasData(in SseEvent item) => item.Data is not null || !item.Utf8Data.IsEmpty;

    private ValueTask<SendStatus> CountAsync(ValueTask<SendStatus> sending)
        => sending.IsCompletedSuccessfully ? new ValueTask<SendStatus>(Count(sending.GetAwaiter().GetResult())) : FinishAsync(sending);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<SendStatus> FinishAsync(ValueTask<SendStatus> sending) => Count(await sending);

    private SendStatus Count(SendStatus status)
    {
        if (status is SendStatus.Sent or SendStatus.Queued)
        {
            Interlocked.Increment(ref _eventCount);
        }

        return status;
    }

    /// <summary>Tells the client when to come back, each at another time.</summary>
    private void Advise()
    {
        TimeSpan least = _options.ReconnectionInterval ?? TimeSpan.Zero;
        TrySend(new SseEvent(null) { ReconnectionInterval = least + (_options.ReconnectWindow * Random.Shared.NextDouble()) });
    }

    /// <summary>
    /// On the loop, at every interval, also of a stream that has events: one that came just after the last beat would else be followed by nearly two
    /// intervals of silence, which proxies do not wait for. Answers when to come back; null ends it.
    /// </summary>
    private TimeSpan? Beat()
    {
        long count = EventCount;
        bool hadEvents = count != _lastSeenCount;
        _lastSeenCount = count;
        if (!_hasBeaten)
        {
            _hasBeaten = true;
            if (hadEvents && _options.HeartbeatInterval > FirstBeat)
            {
                // The body has begun; the beat after this one still comes a whole interval after the stream's beginning.
                return _options.HeartbeatInterval - FirstBeat;
            }
        }

        if (hadEvents && _stream.BufferedBytes > 0)
        {
            // Events are on their way, which a heartbeat must not crowd out.
            _missedHeartbeats = 0;
            return _options.HeartbeatInterval;
        }

        switch (_stream.TrySend(":heartbeat\n\n"u8))
        {
            case SendStatus.Closed:
                return null;
            case SendStatus.Dropped when ++_missedHeartbeats >= _options.MaxMissedHeartbeats:
                Connection.Abort(CloseReason.Timeout);
                return null;
            case SendStatus.Dropped:
                return _options.HeartbeatInterval;
            default:
                _missedHeartbeats = 0;
                Connection.FlushOutput();
                return _options.HeartbeatInterval;
        }
    }
}
