using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>
/// A WebSocket that stays: it connects, watches over its connection by pings, and when that is lost connects again with growing, random waits, keeps what
/// is sent meanwhile in a bounded outbox and says what it had to drop.
/// </summary>
/// <remarks>
/// All members may be called from any thread and may overlap; messages of one thread keep their order. A message is sent at most once: one that was given to a
/// connection just before it was lost may not have arrived. Events are raised one at a time, on threads of the pool, and hold the client up: keep them short. What
/// they throw goes to <see cref="Faulted"/>.
/// </remarks>
public sealed partial class WebSocketClient : IAsyncDisposable
{
    private readonly WebSocketClientOptions _options;
    private readonly Uri _uri;
    private readonly ClientEndpoint _endpoint;
    private readonly ClientOutbox _outbox;
    private readonly ClientInbox _inbox;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<WebSocketClosure> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClientSession? _session;
    private CloseRequest? _closeAsked;
    private long _droppedCount;
    private int _state;

    /// <summary>Makes a client; <see cref="ConnectAsync"/> connects it.</summary>
    /// <param name="uri">A ws or wss URI.</param>
    /// <param name="options">Read now.</param>
    /// <exception cref="ArgumentException">The URI is no WebSocket's, or an option is out of its range.</exception>
    public WebSocketClient(Uri uri, WebSocketClientOptions? options = null)
    {
        WebSocketAttempt.CheckUri(uri, nameof(uri));
        _uri = uri;
        _options = (options ?? new WebSocketClientOptions()).Freeze();
        _inbox = new ClientInbox(_options.MaxUnreadMessages, _options.DiscardMessages);
        _endpoint = new ClientEndpoint(_options, _inbox);
        _outbox = new ClientOutbox(_options.MaxOutboxBytes, _options.OutboxPolicy);
        _outbox.Added += () => Volatile.Read(ref _session)?.Wake();
        _outbox.Dropped += count =>
        {
            Interlocked.Add(ref _droppedCount, count);
            Raise(MessagesDropped, count);
        };
    }

    /// <summary>The state has changed.</summary>
    public event Action<WebSocketClientState>? StateChanged;

    /// <summary>A connection ended; another may follow.</summary>
    public event Action<WebSocketClosure>? Disconnected;

    /// <summary>So many messages were dropped: for lack of room, or because the client ended before they were sent.</summary>
    public event Action<int>? MessagesDropped;

    /// <summary>
    /// Something failed that nobody else is told: an attempt to connect that is made again, or code of the host that the client called. What a handler of this
    /// event throws is ignored.
    /// </summary>
    public event Action<Exception>? Faulted;

    /// <summary>
    /// Called with each new connection, the first included, before anything that waits is sent: subscribe here, once, for ever. What it throws ends that
    /// connection, and counts as a failed attempt.
    /// </summary>
    public Action<WebSocketGreeting>? Greet { get; set; }

    /// <summary>Where the client stands.</summary>
    public WebSocketClientState State => (WebSocketClientState)Volatile.Read(ref _state);

    /// <summary>
    /// The connection of the moment, null while there is none: for pings, streamed messages, corks and addresses. What is sent by it does not wait in the outbox: it
    /// may overtake what does, and is lost with the connection.
    /// </summary>
    public WebSocketConnection? Connection => Volatile.Read(ref _session)?.Socket;

    /// <summary>The subprotocol of the current connection; null when none was agreed on.</summary>
    public string? SubProtocol => Connection?.SubProtocol;

    /// <summary>Whether the current connection agreed on compression.</summary>
    public bool IsCompressed => Connection is { IsCompressed: true };

    /// <summary>Bytes that wait in the outbox, and for the kernel.</summary>
    public int BufferedAmount => _outbox.LengthBytes + (Connection?.BufferedAmount ?? 0);

    /// <summary>Messages dropped so far.</summary>
    public long DroppedCount => Interlocked.Read(ref _droppedCount);

    /// <summary>Completes when the client has ended for good, with how its last connection did.</summary>
    public Task<WebSocketClosure> Completion => _completion.Task;

    /// <summary>
    /// Makes one connection and no more: without an outbox and without a reconnect, read by <see cref="WebSocketConnection.ReadAllAsync"/> and its kin, or taken as
    /// the runtime's <see cref="WebSocket"/> by <see cref="WebSocketConnection.AsWebSocket"/>.
    /// </summary>
    /// <param name="uri">A ws or wss URI.</param>
    /// <param name="options">Read now; what says how to come back has no effect. Without an <see cref="WebSocketClientOptions.Engine"/> the connection has a loop of its own.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ArgumentException">The URI is no WebSocket's, or an option is out of its range.</exception>
    /// <exception cref="WebSocketHandshakeException">The server refused.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">TLS failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Task<WebSocketConnection> OpenAsync(Uri uri, WebSocketClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        WebSocketAttempt.CheckUri(uri, nameof(uri));
        return SingleConnection.OpenAsync(uri, (options ?? new WebSocketClientOptions()).Freeze(), cancellationToken);
    }

    /// <summary>Makes the first connection. Unless <see cref="WebSocketClientOptions.RetryFirstConnect"/> is set it is tried once; those after it are made by themselves.</summary>
    /// <exception cref="WebSocketHandshakeException">The server refused.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">TLS failed.</exception>
    /// <exception cref="InvalidOperationException">The client was connected before, or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, or the client was closed meanwhile.</exception>
    public async Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.CompareExchange(ref _state, (int)WebSocketClientState.Connecting, (int)WebSocketClientState.Created) != (int)WebSocketClientState.Created)
        {
            throw new InvalidOperationException("A client connects once; it comes back by itself.");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        ClientSession session;
        try
        {
            session = await DialAsync(isReconnect: false, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await EndAsync(new WebSocketClosure(ClosePayload.Abnormal, exception.Message, false, CloseReason.TransportError)).ConfigureAwait(false);
            if (exception is OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new OperationCanceledException("The client was closed.", exception);
            }

            throw;
        }

        _ = RunAsync(session);
    }

    /// <summary>Sends a text message if the outbox has room. <see cref="SendStatus.Queued"/>: accepted, and the outbox is more than half full.</summary>
    /// <param name="text">The message.</param>
    /// <param name="compress">False keeps the message plain, also where compression was agreed on: for secrets.</param>
    public SendStatus TrySendText(string text, bool compress = true) => TrySend(ClientMessage.Copy(FrameOpcode.Text, Encoding.UTF8.GetBytes(text), compress));

    /// <summary>Sends a text message of bytes that are UTF-8, unchecked, if the outbox has room.</summary>
    public SendStatus TrySendText(ReadOnlySpan<byte> utf8, bool compress = true) => TrySend(ClientMessage.Copy(FrameOpcode.Text, utf8, compress));

    /// <summary>Sends a binary message if the outbox has room.</summary>
    public SendStatus TrySendBinary(ReadOnlySpan<byte> bytes, bool compress = true) => TrySend(ClientMessage.Copy(FrameOpcode.Binary, bytes, compress));

    /// <summary>Sends a message that was framed before, if the outbox has room. One that is disposed before its turn is not sent.</summary>
    public SendStatus TrySend(PreparedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return TrySend(ClientMessage.Of(message));
    }

    /// <summary>Sends a text message, waiting for room in the outbox where the policy waits; completes when it is accepted.</summary>
    /// <param name="text">The message.</param>
    /// <param name="compress">False keeps the message plain.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted: it is not sent.</exception>
    public ValueTask<SendStatus> SendTextAsync(string text, bool compress = true, CancellationToken cancellationToken = default)
        => SendAsync(ClientMessage.Copy(FrameOpcode.Text, Encoding.UTF8.GetBytes(text), compress), cancellationToken);

    /// <summary>Sends a binary message, waiting for room in the outbox where the policy waits; completes when it is accepted.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted: it is not sent.</exception>
    public ValueTask<SendStatus> SendBinaryAsync(ReadOnlyMemory<byte> bytes, bool compress = true, CancellationToken cancellationToken = default)
        => SendAsync(ClientMessage.Copy(FrameOpcode.Binary, bytes.Span, compress), cancellationToken);

    /// <summary>Sends a text message of JSON, written by source-generated metadata, waiting for room in the outbox where the policy waits.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted: it is not sent.</exception>
    public ValueTask<SendStatus> SendJsonAsync<T>(T value, JsonTypeInfo<T> typeInfo, bool compress = true, CancellationToken cancellationToken = default)
    {
        using var json = new PooledJson();
        return SendAsync(ClientMessage.Copy(FrameOpcode.Text, json.Write(value, typeInfo).Span, compress), cancellationToken);
    }

    /// <summary>Sends a received message on, as the same kind, waiting for room in the outbox where the policy waits.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted: it is not sent.</exception>
    public ValueTask<SendStatus> SendAsync(ReceivedMessage message, CancellationToken cancellationToken = default)
        => SendAsync(ClientMessage.Copy(message.IsText ? FrameOpcode.Text : FrameOpcode.Binary, message.Data.Span), cancellationToken);

    /// <summary>Sends a message that was framed before, waiting for room in the outbox where the policy waits. One that is disposed before its turn is not sent.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted: it is not sent.</exception>
    public ValueTask<SendStatus> SendAsync(PreparedMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync(ClientMessage.Of(message), cancellationToken);
    }

    /// <summary>Sends a ping, before what waits in the outbox. <see cref="SendStatus.Closed"/> while there is no connection.</summary>
    /// <param name="payload">At most 125 bytes.</param>
    /// <exception cref="ArgumentException">The payload is longer.</exception>
    public SendStatus TryPing(ReadOnlySpan<byte> payload = default) => Connection?.TryPing(payload) ?? SendStatus.Closed;

    /// <summary>
    /// The messages of this client's connections, one after another, through reconnects, until it ends for good. A message is valid until the next is asked for.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled; the client goes on.</exception>
    public IAsyncEnumerable<ReceivedMessage> ReadAllAsync(CancellationToken cancellationToken = default) => _inbox.ReadAllAsync(cancellationToken);

    /// <summary>
    /// Ends the client for good: what waits is sent, then the close frame, which the server has <see cref="WebSocketClientOptions.CloseTimeout"/> to answer from when
    /// it last took bytes. Without a connection it ends at once. The first call says how.
    /// </summary>
    /// <exception cref="ArgumentException">The code may not be sent, or the reason is too long.</exception>
    public async Task CloseAsync(WebSocketCloseStatus code = WebSocketCloseStatus.NormalClosure, string? reason = null)
    {
        WebSocketConnection.CheckClose(code, reason);
        await EndForGoodAsync(new CloseRequest(code, reason)).ConfigureAwait(false);
    }

    /// <summary>Ends the client for good as the overload with a <see cref="WebSocketCloseStatus"/> does, with a code as a number: 1000 to 1003, 1007 to 1014, or 3000 to 4999 of one's own.</summary>
    /// <exception cref="ArgumentException">The code may not be sent, or the reason is too long.</exception>
    public Task CloseAsync(int code, string? reason = null) => CloseAsync((WebSocketCloseStatus)code, reason);

    /// <summary>Ends the client for good and at once, with a reset: what waits is dropped, and the server sees 1006.</summary>
    public void Abort()
    {
        Volatile.Read(ref _session)?.Socket.Abort();
        _ = EndForGoodAsync(new CloseRequest(null, null));
    }

    /// <summary>Ends the client for good, with 1000.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _endpoint.Contexts?.Dispose();
        _inbox.Discard();
    }

    private async Task EndForGoodAsync(CloseRequest request)
    {
        Interlocked.CompareExchange(ref _closeAsked, request, null);
        _outbox.Close();
        if (Interlocked.CompareExchange(ref _state, (int)WebSocketClientState.Connecting, (int)WebSocketClientState.Created) == (int)WebSocketClientState.Created)
        {
            await EndAsync(new WebSocketClosure(ClosePayload.Abnormal, "", false, CloseReason.Completed)).ConfigureAwait(false);
        }

        // Whoever opens a session looks for the request after it has set the session; here it is the other way round: one of the two sees the other.
        AskClose(Volatile.Read(ref _session));
        await _closing.CancelAsync().ConfigureAwait(false);
        await _completion.Task.ConfigureAwait(false);
    }

    private void AskClose(ClientSession? session)
    {
        if (session is null || Volatile.Read(ref _closeAsked) is not { } asked)
        {
            return;
        }

        if (asked.Code is { } code)
        {
            session.AskClose(code, asked.Reason);
        }
        else
        {
            session.Socket.Abort();
        }
    }

    private SendStatus TrySend(ClientMessage message)
    {
        SendStatus status = _outbox.TryAdd(message);
        if (status is SendStatus.Dropped or SendStatus.Closed)
        {
            message.Return();
        }

        return status;
    }

    private async ValueTask<SendStatus> SendAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        SendStatus status = SendStatus.Closed;
        try
        {
            status = await _outbox.AddAsync(message, cancellationToken).ConfigureAwait(false);
            return status;
        }
        finally
        {
            if (status is SendStatus.Dropped or SendStatus.Closed)
            {
                message.Return();
            }
        }
    }

    private async Task EndAsync(WebSocketClosure closure)
    {
        _outbox.Discard();
        _inbox.Complete();
        Move(WebSocketClientState.Closed);
        if (_ownEngine is { } engine)
        {
            await engine.DisposeAsync().ConfigureAwait(false);
        }

        _completion.TrySetResult(closure);
    }

    private void Move(WebSocketClientState state)
    {
        if (Interlocked.Exchange(ref _state, (int)state) != (int)state)
        {
            Raise(StateChanged, state);
        }
    }

    private void Raise<T>(Action<T>? handlers, T value)
    {
        try
        {
            handlers?.Invoke(value);
        }
        catch (Exception exception)
        {
            RaiseFault(exception);
        }
    }

    private void RaiseFault(Exception exception)
    {
        try
        {
            Faulted?.Invoke(exception);
        }
        catch (Exception)
        {
            // Documented as ignored: there is nobody left to tell.
        }
    }

    /// <summary>How the host asked to end; no code asks for a reset.</summary>
    private sealed record CloseRequest(WebSocketCloseStatus? Code, string? Reason);
}
