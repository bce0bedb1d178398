using System.Net;
using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>
/// One WebSocket, for sending and ending it. All members may be called from any thread, at any time, also after the end, and may overlap: messages of one
/// thread keep their order, messages of several threads are never interleaved, and nothing throws for what a peer does.
/// </summary>
/// <remarks>
/// On the connection's loop (in a handler's methods) sends cost no hand-over and no copy beyond the one into the outbound queue, and all of one turn leave in
/// one system call. From other threads each is copied and handed to the loop; <see cref="Cork"/> bundles several.
/// </remarks>
public abstract partial class WebSocketConnection
{
    private readonly WebSocketEndpoint _endpoint;
    private readonly WebSocketProtocol _protocol;

    /// <summary>Where masking keys come from; null on a server, which does not mask.</summary>
    private readonly MaskKeys? _masks;

    internal WebSocketConnection(WebSocketEndpoint endpoint, Connection connection, string? subProtocol, DeflateAgreement deflate)
    {
        _endpoint = endpoint;
        Connection = connection;
        SubProtocol = subProtocol;
        Deflate = deflate;
        _masks = endpoint.Rules.IsMaskExpected ? null : new MaskKeys();
        _protocol = new WebSocketProtocol(endpoint, this);
    }

    /// <summary>Names the connection, in logs and to other threads.</summary>
    public ConnectionId Id => Connection.Id;

    /// <summary>The subprotocol that was agreed on; null when none was.</summary>
    public string? SubProtocol { get; }

    /// <summary>Whether permessage-deflate was agreed on.</summary>
    public bool IsCompressed => Deflate.IsAgreed;

    /// <summary>The peer's address; null when the operating system no longer tells.</summary>
    public EndPoint? RemoteEndPoint => Connection.RemoteEndPoint;

    /// <summary>This side's address; null when the operating system no longer tells.</summary>
    public EndPoint? LocalEndPoint => Connection.LocalEndPoint;

    /// <summary>Whether messages are accepted: false from the moment of <see cref="Close(WebSocketCloseStatus, string?)"/>, <see cref="Abort"/>, the peer's close frame or its end.</summary>
    public bool IsOpen => (Volatile.Read(ref _gate) & ClosedGate) == 0 && Connection.IsOpen;

    /// <summary>Whether a message would be answered with <see cref="SendStatus.Sent"/>: the queue is below its high-water mark.</summary>
    public bool IsWritable => Volatile.Read(ref _gate) == 0 && Connection.IsWritable;

    /// <summary>Bytes that wait for the kernel, frame headers included.</summary>
    public int BufferedAmount => Connection.BufferedBytes;

    /// <summary>How long the peer took to answer the last ping of the endpoint's <see cref="WebSocketEndpointOptions.PingInterval"/>; null before the first answer. Any thread.</summary>
    public TimeSpan? PingRoundTrip => _protocol.PingRoundTrip;

    /// <summary>How the WebSocket ended; null until <see cref="WebSocketHandler{TData}.OnClose"/> is raised, or a reading loop has ended by the end of the WebSocket. Any thread.</summary>
    public WebSocketClosure? Closure => _protocol.Ended;

    /// <summary>
    /// How long messages may wait for others before one send takes them all; zero, the default, sends with the turn. At most one second. Loop only to set, any
    /// thread to read. Pings, pongs and the close frame do not wait, and take along what does.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The interval is negative or longer than a second.</exception>
    public TimeSpan CoalescingInterval
    {
        get => Connection.CoalescingInterval;
        set => Connection.CoalescingInterval = value;
    }

    /// <summary>Whether the calling thread is the connection's loop.</summary>
    public bool IsOnLoop => Connection.IsOnLoop;

    /// <summary>Cancelled when the connection has ended. Made on first use.</summary>
    public CancellationToken ClosedToken => Connection.ClosedToken;

    /// <summary>
    /// Begins the closing handshake: what was accepted before goes out, then the close frame, then the peer has
    /// <see cref="WebSocketEndpointOptions.CloseTimeout"/> to answer. Sends answer <see cref="SendStatus.Closed"/> from now on. Idempotent; the first call wins.
    /// </summary>
    /// <param name="code">1000 by default; 1001 to 1003, 1007 to 1014 or 3000 to 4999, or <see cref="WebSocketCloseStatus.Empty"/> for none.</param>
    /// <param name="reason">At most 123 bytes of UTF-8.</param>
    /// <exception cref="ArgumentException">The code may not be sent (RFC 6455 §7.4), or the reason is too long or comes without a code.</exception>
    public void Close(WebSocketCloseStatus code = WebSocketCloseStatus.NormalClosure, string? reason = null)
    {
        CheckClose(code, reason);
        if ((Interlocked.Or(ref _gate, ClosedGate) & ClosedGate) != 0)
        {
            return;
        }

        if (Connection.IsOnLoop)
        {
            _protocol.BeginClose(code, reason);
        }
        else
        {
            Connection.Post(static request => ((CloseRequest)request!).Run(), new CloseRequest(_protocol, code, reason));
        }
    }

    /// <summary>The same with a code as a number: 1000 to 1003, 1007 to 1014, or 3000 to 4999 of one's own.</summary>
    /// <param name="code">The code.</param>
    /// <param name="reason">At most 123 bytes of UTF-8.</param>
    /// <exception cref="ArgumentException">The code may not be sent (RFC 6455 §7.4), or the reason is too long.</exception>
    public void Close(int code, string? reason = null) => Close((WebSocketCloseStatus)code, reason);

    /// <summary>Ends the connection at once with a reset; what is queued is lost and the peer sees 1006.</summary>
    public void Abort()
    {
        Interlocked.Or(ref _gate, ClosedGate);
        Connection.Abort();
    }

    /// <summary>Runs work on the connection's loop. Work of one thread keeps its order.</summary>
    public void Post(Action<object?> work, object? state) => Connection.Post(work, state);

    /// <summary>
    /// The messages, one after another, for an endpoint that was mapped with a reading function: the connection reads on when the next is asked for. Ends when
    /// the WebSocket does. A loop that was left may be followed by another, or by <see cref="ReceiveAsync"/>: what arrives meanwhile waits, up to
    /// <see cref="WebSocketEndpointOptions.MaxUnreadBytes"/>. A message is valid until the next is asked for.
    /// </summary>
    /// <exception cref="InvalidOperationException">The endpoint was mapped with a handler, which gets the messages.</exception>
    public IAsyncEnumerable<ReceivedMessage> ReadAllAsync(CancellationToken cancellationToken = default)
        => RequireReader().ReadAllAsync(cancellationToken);

    /// <summary>
    /// The next message, for an endpoint that was mapped with a reading function; null when the WebSocket has ended: <see cref="Closure"/> says how. One call at a
    /// time. The message is valid until the next is asked for.
    /// </summary>
    /// <exception cref="InvalidOperationException">The endpoint was mapped with a handler, which gets the messages; or another read is under way.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first; the connection goes on.</exception>
    public ValueTask<ReceivedMessage?> ReceiveAsync(CancellationToken cancellationToken = default)
        => RequireReader().ReceiveAsync(cancellationToken);

    /// <summary>
    /// The next part of a message, as soon as there is one, so that a long message need not be held whole; null when the WebSocket has ended:
    /// <see cref="Closure"/> says how. For an endpoint that was mapped with a reading function, one call at a time. A message that was begun by parts is read
    /// so to its last part. <see cref="WebSocketEndpointOptions.MaxMessageBytes"/> bounds the whole.
    /// </summary>
    /// <exception cref="InvalidOperationException">The endpoint was mapped with a handler, which gets the messages; or another read is under way.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first; the connection goes on.</exception>
    public ValueTask<MessagePart?> ReceivePartAsync(CancellationToken cancellationToken = default) => RequireReader().ReceivePartAsync(cancellationToken);

    /// <summary>
    /// This connection as the runtime's <see cref="WebSocket"/>, for code that takes one; for an endpoint that was mapped with a reading function, or a connection of
    /// <see cref="WebSocketClient.OpenAsync"/>. Call it once, before anything is read, and leave reading, sending and closing to it: as the runtime's own, it
    /// waits for its owner to answer a close frame, and a read that is cancelled ends it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The endpoint was mapped with a handler, which gets the messages.</exception>
    public WebSocket AsWebSocket() => new ConnectionWebSocket(this, RequireReader());

    internal static void CheckClose(WebSocketCloseStatus code, string? reason)
    {
        if (code == ClosePayload.NoCode)
        {
            if (!string.IsNullOrEmpty(reason))
            {
                throw new ArgumentException("A reason needs a code.", nameof(reason));
            }

            return;
        }

        if (!ClosePayload.IsSendable((int)code))
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, "This code may not be sent (RFC 6455, section 7.4).");
        }

        if (reason is not null && System.Text.Encoding.UTF8.GetByteCount(reason) > ClosePayload.MaxReasonBytes)
        {
            throw new ArgumentException("A reason has at most 123 bytes of UTF-8.", nameof(reason));
        }
    }

    internal Connection Connection { get; }

    /// <summary>Who reads the messages; null where a handler gets them.</summary>
    internal MessageReader? Reader { get; init; }

    internal DeflateAgreement Deflate { get; }

    internal WebSocketProtocol Protocol => _protocol;

    internal WebSocketEndpoint Endpoint => _endpoint;

    private MessageReader RequireReader() => Reader ?? throw new InvalidOperationException("The messages of this connection go to its handler.");

    private sealed class CloseRequest(WebSocketProtocol protocol, WebSocketCloseStatus code, string? reason)
    {
        public void Run() => protocol.BeginClose(code, reason);
    }
}

/// <summary>One WebSocket with what its host keeps for it.</summary>
/// <typeparam name="TData">What the host keeps.</typeparam>
public sealed class WebSocketConnection<TData> : WebSocketConnection
{
    internal WebSocketConnection(WebSocketEndpoint endpoint, Connection connection, string? subProtocol, DeflateAgreement deflate, TData data)
        : base(endpoint, connection, subProtocol, deflate)
        => Data = data;

    /// <summary>The host's own; set by the upgrade, and free to change. The engine never looks at it.</summary>
    public TData Data { get; set; }
}
