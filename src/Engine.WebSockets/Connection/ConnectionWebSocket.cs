using System.Net.WebSockets;
using Failure = System.Net.WebSockets.WebSocketError;
using Stand = System.Net.WebSockets.WebSocketState;

namespace Engine.WebSockets;

/// <summary>
/// A connection as the runtime's <see cref="WebSocket"/>, with the promises that code of others relies on: a message may be received and sent in pieces, one receive
/// and any number of sends may be under way, a cancelled call ends the WebSocket, and a close frame is answered by its owner.
/// </summary>
internal sealed class ConnectionWebSocket : WebSocket
{
    private readonly WebSocketConnection _socket;
    private readonly MessageReader _reader;
    private readonly SemaphoreSlim _sending = new(1);
    private MessageWriter? _writer;
    private ReadOnlyMemory<byte> _rest;
    private WebSocketCloseStatus? _closeStatus;
    private string? _closeDescription;
    private int _state = (int)Stand.Open;
    private int _isReceiving;
    private bool _isText;
    private bool _isLast = true;
    private bool _hasPart;
    private bool _isDisposed;

    public ConnectionWebSocket(WebSocketConnection socket, MessageReader reader)
    {
        _socket = socket;
        _reader = reader;
        _reader.DefersCloseAnswer = true;
    }

    public override WebSocketCloseStatus? CloseStatus => _closeStatus;

    public override string? CloseStatusDescription => _closeDescription;

    public override string? SubProtocol => _socket.SubProtocol;

    public override Stand State => (Stand)Volatile.Read(ref _state);

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        ValueWebSocketReceiveResult result = await ReceiveAsync(buffer.AsMemory(), cancellationToken).ConfigureAwait(false);
        return result.MessageType == WebSocketMessageType.Close
            ? new WebSocketReceiveResult(0, WebSocketMessageType.Close, true, _closeStatus, _closeDescription)
            : new WebSocketReceiveResult(result.Count, result.MessageType, result.EndOfMessage);
    }

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Check(Stand.Open, Stand.CloseSent);
        if (Interlocked.Exchange(ref _isReceiving, 1) != 0)
        {
            throw new InvalidOperationException("There is a receive under way for this WebSocket already.");
        }

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!_hasPart && !await NextPartAsync(cancellationToken).ConfigureAwait(false))
            {
                return new ValueWebSocketReceiveResult(0, WebSocketMessageType.Close, true);
            }

            int count = Math.Min(buffer.Length, _rest.Length);
            _rest.Span[..count].CopyTo(buffer.Span);
            _rest = _rest[count..];
            _hasPart = _rest.Length > 0;
            return new ValueWebSocketReceiveResult(count, _isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, _isLast && !_hasPart);
        }
        catch (OperationCanceledException)
        {
            Abort();
            throw;
        }
        finally
        {
            Volatile.Write(ref _isReceiving, 0);
        }
    }

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
        => SendAsync(buffer.AsMemory(), messageType, endOfMessage ? WebSocketMessageFlags.EndOfMessage : WebSocketMessageFlags.None, cancellationToken).AsTask();

    public override ValueTask SendAsync(ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
        => SendAsync(buffer, messageType, endOfMessage ? WebSocketMessageFlags.EndOfMessage : WebSocketMessageFlags.None, cancellationToken);

    public override async ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, WebSocketMessageFlags messageFlags, CancellationToken cancellationToken)
    {
        if (messageType is not (WebSocketMessageType.Text or WebSocketMessageType.Binary))
        {
            throw new ArgumentException("A message is text or binary.", nameof(messageType));
        }

        Check(Stand.Open, Stand.CloseReceived);
        try
        {
            await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                if (await SendInTurnAsync(buffer, messageType == WebSocketMessageType.Text, messageFlags, cancellationToken).ConfigureAwait(false) == SendStatus.Closed)
                {
                    throw Lost();
                }
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (OperationCanceledException)
        {
            Abort();
            throw;
        }
    }

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        WebSocketConnection.CheckClose(closeStatus, statusDescription);
        Check(Stand.Open, Stand.CloseReceived);
        cancellationToken.ThrowIfCancellationRequested();
        SendClose(closeStatus, statusDescription);
        return Task.CompletedTask;
    }

    public override async Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        WebSocketConnection.CheckClose(closeStatus, statusDescription);
        Check(Stand.Open, Stand.CloseReceived, Stand.CloseSent);
        SendClose(closeStatus, statusDescription);
        if (State == Stand.CloseSent)
        {
            await WhenClosedAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override void Abort()
    {
        if (State < Stand.Closed)
        {
            Move(Stand.Aborted);
            _socket.Abort();
        }
    }

    public override void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        switch (State)
        {
            case Stand.Open:
                _socket.Abort();
                break;
            case Stand.CloseReceived:
                _socket.Close();
                break;
        }

        if (State < Stand.Closed)
        {
            Move(Stand.Closed);
        }
    }

    private async ValueTask<SendStatus> SendInTurnAsync(ReadOnlyMemory<byte> buffer, bool isText, WebSocketMessageFlags flags, CancellationToken cancellationToken)
    {
        bool isEnd = (flags & WebSocketMessageFlags.EndOfMessage) != 0;
        if (_writer is null && isEnd)
        {
            bool compress = (flags & WebSocketMessageFlags.DisableCompression) == 0;
            return await _socket.SendAsync(isText ? FrameOpcode.Text : FrameOpcode.Binary, buffer, compress, cancellationToken).ConfigureAwait(false);
        }

        _writer ??= await _socket.StartMessageAsync(isText, cancellationToken).ConfigureAwait(false);
        if (_writer is not { } writer)
        {
            return SendStatus.Closed;
        }

        if (!isEnd)
        {
            return await writer.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        _writer = null;
        return await writer.CompleteAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes the next part; false when the peer has closed.</summary>
    private async ValueTask<bool> NextPartAsync(CancellationToken cancellationToken)
    {
        if (await _reader.ReceivePartAsync(cancellationToken).ConfigureAwait(false) is { } part)
        {
            _rest = part.Data;
            _isText = part.IsText;
            _isLast = part.IsLast;
            return true;
        }

        return TakePeerClose() ? false : throw Lost();
    }

    private bool TakePeerClose()
    {
        if (_socket.Protocol.PeerClose is not var (code, reason))
        {
            return false;
        }

        _closeStatus = code;
        _closeDescription = reason;
        Move(State == Stand.CloseSent ? Stand.Closed : Stand.CloseReceived);
        return true;
    }

    private void SendClose(WebSocketCloseStatus closeStatus, string? statusDescription)
    {
        if (State == Stand.CloseSent)
        {
            return;
        }

        Move(State == Stand.CloseReceived ? Stand.Closed : Stand.CloseSent);
        _socket.Close(closeStatus, statusDescription);
    }

    /// <summary>Waits for the peer's close frame, past its messages. A receive that is under way sees it too.</summary>
    private async Task WhenClosedAsync(CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (_socket.ClosedToken.UnsafeRegister(static ended => ((TaskCompletionSource)ended!).TrySetResult(), ended))
        {
            try
            {
                await ended.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                Abort();
                throw;
            }
        }

        if (!TakePeerClose())
        {
            throw Lost();
        }

        Move(Stand.Closed);
    }

    private WebSocketException Lost()
    {
        Move(Stand.Aborted);
        return new WebSocketException(Failure.ConnectionClosedPrematurely, "The remote party closed the WebSocket connection without completing the close handshake.");
    }

    private void Move(Stand state)
    {
        if (State < Stand.Closed)
        {
            Volatile.Write(ref _state, (int)state);
        }
    }

    private void Check(params ReadOnlySpan<Stand> allowed)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!allowed.Contains(State))
        {
            throw new WebSocketException(
                Failure.InvalidState, $"The WebSocket is in a state ('{State}') in which this operation is not valid.");
        }
    }
}
