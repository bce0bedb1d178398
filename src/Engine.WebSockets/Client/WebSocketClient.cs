using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>
/// A WebSocket client that comes back: it connects over ws, wss or a Unix domain socket, makes a lost connection again with growing, random waits, keeps what
/// is sent meanwhile in a bounded outbox and says what it had to drop.
/// </summary>
/// <remarks>
/// All members may be called from any thread and may overlap; messages of one thread keep their order. A message is sent at most once: one that was given to a
/// connection just before it was lost may not have arrived. Events are raised one at a time, and hold the client up: keep them short.
/// </remarks>
public sealed class WebSocketClient : IAsyncDisposable
{
    private readonly WebSocketClientOptions _options;
    private readonly Uri _uri;
    private readonly FrameRules _rules;
    private readonly AssemblyRules _assembly;
    private readonly ClientOutbox _outbox;
    private readonly ClientInbox _inbox;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<WebSocketClosure> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClientSession? _session;
    private (WebSocketCloseStatus Code, string? Reason)? _closeAsked;
    private long _droppedCount;
    private int _state;

    /// <summary>Makes a client; <see cref="ConnectAsync"/> connects it.</summary>
    /// <param name="uri">A ws or wss URI.</param>
    /// <param name="options">Read now.</param>
    /// <exception cref="ArgumentException">The URI is no WebSocket's, or an option is out of its range.</exception>
    public WebSocketClient(Uri uri, WebSocketClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!uri.IsAbsoluteUri || uri.Scheme is not ("ws" or "wss"))
        {
            throw new ArgumentException("A WebSocket's URI begins with ws or wss.", nameof(uri));
        }

        _uri = uri;
        _options = (options ?? new WebSocketClientOptions()).Freeze();
        _rules = new FrameRules
        {
            IsMaskExpected = false,
            MaxFrameBytes = _options.MaxFrameBytes,
            MaxMessageBytes = _options.MaxMessageBytes,
            MaxFragmentCount = _options.MaxFragmentCount,
        };
        DeflateContextPool? contexts = _options.Compression is { } compression ? new DeflateContextPool(compression.Level) : null;
        _assembly = new AssemblyRules(_options.MaxMessageBytes, _options.Compression?.MaxInflationRatio ?? 0, contexts);
        _inbox = new ClientInbox(_options.MaxUnreadMessages);
        _outbox = new ClientOutbox(_options.MaxOutboxBytes, _options.OutboxPolicy);
        _outbox.Added += () => Volatile.Read(ref _session)?.Wake();
        _outbox.Dropped += count =>
        {
            Interlocked.Add(ref _droppedCount, count);
            MessagesDropped?.Invoke(count);
        };
    }

    /// <summary>The state has changed.</summary>
    public event Action<WebSocketClientState>? StateChanged;

    /// <summary>A connection ended; another may follow.</summary>
    public event Action<WebSocketClosure>? Disconnected;

    /// <summary>So many messages were dropped: for lack of room, or because the connection was lost while they were being written.</summary>
    public event Action<int>? MessagesDropped;

    /// <summary>Called with each new connection, the first included, before anything that waits is sent: subscribe here, once, for ever.</summary>
    public Action<WebSocketGreeting>? Greet { get; set; }

    /// <summary>Where the client stands.</summary>
    public WebSocketClientState State => (WebSocketClientState)Volatile.Read(ref _state);

    /// <summary>The subprotocol of the current connection; null when none was agreed on.</summary>
    public string? SubProtocol { get; private set; }

    /// <summary>Whether the current connection agreed on compression.</summary>
    public bool IsCompressed { get; private set; }

    /// <summary>Bytes that wait in the outbox.</summary>
    public int BufferedAmount => _outbox.LengthBytes;

    /// <summary>Messages dropped so far.</summary>
    public long DroppedCount => Interlocked.Read(ref _droppedCount);

    /// <summary>Completes when the client has ended for good, with how its last connection did.</summary>
    public Task<WebSocketClosure> Completion => _completion.Task;

    /// <summary>Makes the first connection. It is tried once; those after it are made by themselves.</summary>
    /// <exception cref="WebSocketHandshakeException">The server refused.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">TLS failed.</exception>
    /// <exception cref="InvalidOperationException">The client was connected before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.CompareExchange(ref _state, (int)WebSocketClientState.Connecting, (int)WebSocketClientState.Created) != (int)WebSocketClientState.Created)
        {
            throw new InvalidOperationException("A client connects once; it comes back by itself.");
        }

        ClientSession session;
        try
        {
            ClientConnection connection = await ClientConnector.ConnectAsync(_uri, _options, cancellationToken).ConfigureAwait(false);
            session = Begin(connection, isReconnect: false);
        }
        catch (Exception exception)
        {
            End(new WebSocketClosure(ClosePayload.Abnormal, exception.Message, false, CloseReason.TransportError));
            throw;
        }

        _ = RunAsync(session);
    }

    /// <summary>Sends a text message if the outbox has room. <see cref="SendStatus.Queued"/>: accepted, and the outbox is more than half full.</summary>
    public SendStatus TrySendText(string text) => TrySend(ClientMessage.Copy(FrameOpcode.Text, Encoding.UTF8.GetBytes(text)));

    /// <summary>The same for text that is UTF-8 already, unchecked.</summary>
    public SendStatus TrySendText(ReadOnlySpan<byte> utf8) => TrySend(ClientMessage.Copy(FrameOpcode.Text, utf8));

    /// <summary>Sends a binary message if the outbox has room.</summary>
    public SendStatus TrySendBinary(ReadOnlySpan<byte> bytes) => TrySend(ClientMessage.Copy(FrameOpcode.Binary, bytes));

    /// <summary>Sends a text message, waiting for room in the outbox where the policy waits; completes when it is accepted.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted.</exception>
    public ValueTask<SendStatus> SendTextAsync(string text, CancellationToken cancellationToken = default)
        => SendAsync(ClientMessage.Copy(FrameOpcode.Text, Encoding.UTF8.GetBytes(text)), cancellationToken);

    /// <summary>Sends a binary message, waiting for room likewise.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted.</exception>
    public ValueTask<SendStatus> SendBinaryAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
        => SendAsync(ClientMessage.Copy(FrameOpcode.Binary, bytes.Span), cancellationToken);

    /// <summary>Sends a text message of JSON, written by source-generated metadata, waiting for room likewise.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted.</exception>
    public ValueTask<SendStatus> SendJsonAsync<T>(T value, JsonTypeInfo<T> typeInfo, CancellationToken cancellationToken = default)
    {
        using var json = new PooledJson();
        return SendAsync(ClientMessage.Copy(FrameOpcode.Text, json.Write(value, typeInfo).Span), cancellationToken);
    }

    /// <summary>Sends a received message on, as the same kind, waiting for room likewise.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was accepted.</exception>
    public ValueTask<SendStatus> SendAsync(ReceivedMessage message, CancellationToken cancellationToken = default)
        => SendAsync(ClientMessage.Copy(message.IsText ? FrameOpcode.Text : FrameOpcode.Binary, message.Data.Span), cancellationToken);

    /// <summary>
    /// The messages of this client's connections, one after another, through reconnects, until it ends for good. A message is valid until the next is asked for.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled; the client goes on.</exception>
    public IAsyncEnumerable<ReceivedMessage> ReadAllAsync(CancellationToken cancellationToken = default) => _inbox.ReadAllAsync(cancellationToken);

    /// <summary>Ends the client for good: what waits is sent, then the closing handshake, within the close timeout. Without a connection it ends at once.</summary>
    /// <exception cref="ArgumentException">The code may not be sent, or the reason is too long.</exception>
    public async Task CloseAsync(WebSocketCloseStatus code = WebSocketCloseStatus.NormalClosure, string? reason = null)
    {
        WebSocketConnection.CheckClose(code, reason);
        _closeAsked ??= (code, reason);
        _outbox.Close();
        if (State == WebSocketClientState.Created)
        {
            End(new WebSocketClosure(ClosePayload.Abnormal, "", false, CloseReason.Completed));
        }

        Volatile.Read(ref _session)?.AskClose(code, reason);
        await _closing.CancelAsync().ConfigureAwait(false);
        await _completion.Task.ConfigureAwait(false);
    }

    /// <summary>Ends the client for good, with 1000.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _assembly.Contexts?.Dispose();
        _inbox.Discard();
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

    private ClientSession Begin(ClientConnection connection, bool isReconnect)
    {
        SubProtocol = connection.Agreement.SubProtocol;
        IsCompressed = connection.Agreement.Deflate.IsAgreed;
        var greeting = new WebSocketGreeting(isReconnect, SubProtocol);
        try
        {
            Greet?.Invoke(greeting);
        }
        catch
        {
            connection.Stream.Dispose();
            throw;
        }

        var session = new ClientSession(connection, _options, _rules, _assembly, _outbox, _inbox, greeting.Messages);
        Volatile.Write(ref _session, session);
        Move(WebSocketClientState.Open);
        if (_closeAsked is var (code, reason))
        {
            session.AskClose(code, reason);
        }

        return session;
    }

    private async Task RunAsync(ClientSession? session)
    {
        WebSocketClosure closure = default;
        try
        {
            while (session is not null)
            {
                using (session)
                {
                    closure = await session.RunAsync().ConfigureAwait(false);
                    Volatile.Write(ref _session, null);
                }

                Disconnected?.Invoke(closure);
                session = MayReconnect(closure) ? await ReconnectAsync().ConfigureAwait(false) : null;
            }
        }
        finally
        {
            End(closure);
        }
    }

    /// <summary>A server that says that it is done, or that this client misbehaves, is not asked again.</summary>
    private bool MayReconnect(WebSocketClosure closure)
        => _options.Reconnect && _closeAsked is null && (int)closure.Code is not (1000 or 1002 or 1003 or 1007 or 1008 or 1009 or 1010);

    private async Task<ClientSession?> ReconnectAsync()
    {
        Move(WebSocketClientState.Reconnecting);
        TimeSpan? asked = null;
        for (int attempt = 0; _options.MaxReconnectAttempts == 0 || attempt < _options.MaxReconnectAttempts; attempt++)
        {
            try
            {
                await Task.Delay(ReconnectBackoff.Delay(attempt, _options, asked), _closing.Token).ConfigureAwait(false);
                ClientConnection connection = await ClientConnector.ConnectAsync(_uri, _options, _closing.Token).ConfigureAwait(false);
                return Begin(connection, isReconnect: true);
            }
            catch (WebSocketHandshakeException exception)
            {
                if (exception.StatusCode is >= 400 and < 500 and not (408 or 425 or 429))
                {
                    return null;
                }

                asked = exception.RetryAfter;
            }
            catch (OperationCanceledException)
            {
                return null;
            }
            catch (Exception exception) when (exception is IOException or System.Security.Authentication.AuthenticationException)
            {
                asked = null;
            }
        }

        return null;
    }

    private void End(WebSocketClosure closure)
    {
        _outbox.Discard();
        _inbox.Complete();
        Move(WebSocketClientState.Closed);
        _completion.TrySetResult(closure);
    }

    private void Move(WebSocketClientState state)
    {
        if (Interlocked.Exchange(ref _state, (int)state) != (int)state)
        {
            StateChanged?.Invoke(state);
        }
    }
}
