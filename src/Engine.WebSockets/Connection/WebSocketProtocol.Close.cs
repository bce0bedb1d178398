using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>
/// The end (RFC 6455 §7). What was accepted for sending before goes out before the close frame, so echoes that are owed for good messages are not lost to
/// a bad one behind them; nothing follows it.
/// </summary>
internal sealed partial class WebSocketProtocol
{
    /// <summary>The reason that came with <see cref="_closeCode"/>; before there is one, this side's close frame while it waits behind messages.</summary>
    private object? _closeNote;

    /// <summary>A code in the two bytes that it has on the wire.</summary>
    private ushort _closeCode = (ushort)ClosePayload.Abnormal;
    private bool _isCloseReceived;
    private bool _isFailed;

    /// <summary>On a client, why the connection ends, while the server's FIN is waited for.</summary>
    private CloseReason _endReason;

    /// <summary>Sends this side's close frame and waits for the peer's. Loop only.</summary>
    public void BeginClose(WebSocketCloseStatus code, string? reason)
    {
        Connection connection = _socket.Connection;
        if (_state == WebSocketState.CloseReceived)
        {
            End(connection, (code, reason ?? ""), CloseReason.Completed);
            return;
        }

        if (_state != WebSocketState.Open)
        {
            return;
        }

        if (_socket.HasSendersUnderWay)
        {
            // A send on another thread has passed its check and is about to be queued: the close frame goes behind it.
            connection.Post(static state => ((CloseRequest)state!).Run(), new CloseRequest(this, code, reason));
            return;
        }

        if (_socket.SlicedMessage is { } sliced)
        {
            _ = BeginCloseBehindAsync(sliced, code, reason);
            return;
        }

        _state = WebSocketState.CloseSent;
        _socket.EndTopics();
        byte[] frame = CloseFrame(code, reason);

        SendProgress progress = connection.GetSendProgress();
        _progressMark = progress.IsOutstanding ? progress.Mark : NoMark;
        SendCloseFrame(connection, frame);
        _clock.AwaitClose(connection.NowMilliseconds, _endpoint.CloseMilliseconds);
        if (_isHandlerBusy && !IsHeldBack)
        {
            _isPeerGone = connection.IsPeerClosed;
            connection.ResumeReceive();
        }

        SetNextDeadline(connection);
    }

    private async Task BeginCloseBehindAsync(Task sliced, WebSocketCloseStatus code, string? reason)
    {
        // Back to the loop, which is current here.
        await sliced.ConfigureAwait(true);
        BeginClose(code, reason);
    }

    /// <summary>Code of the host failed: the peer is told by 1011, the host by OnError, the engine's log and counters by the connection.</summary>
    public void OnHandlerFailed(Connection connection, Exception exception)
    {
        if (_state < WebSocketState.Closed)
        {
            ReportError(exception);
        }

        if (_state < WebSocketState.Closing)
        {
            Fail(connection, WebSocketCloseStatus.InternalServerError, "handler failed", CloseReason.HandlerFailed);
        }

        connection.ReportFault(exception);
    }

    private byte[] CloseFrame(WebSocketCloseStatus code, string? reason)
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayloadBytes];
        Span<byte> frame = stackalloc byte[FrameHeader.MaxControlBytes];
        int length = ClosePayload.Write(payload, code, reason);
        return frame[.._socket.WriteFrame(frame, FrameEncoder.FirstByte(FrameOpcode.Close, isFinal: true, isCompressed: false), payload[..length])].ToArray();
    }

    /// <summary>
    /// Behind messages that still wait for room, which were promised before. A policy that drops messages, or ends the connection for them, does not do so for the
    /// close frame, which has room in the reserve for control messages.
    /// </summary>
    private void SendCloseFrame(Connection connection, byte[] frame)
    {
        if (connection.Options.Backpressure != BackpressurePolicy.Wait)
        {
            connection.TrySendControl(frame);
            return;
        }

        ValueTask<SendStatus> sent = connection.SendAsync(frame);
        if (!sent.IsCompleted)
        {
            _closeNote = frame;
            _ = ObserveAsync(sent);
        }
    }

    private async Task ObserveAsync(ValueTask<SendStatus> sent)
    {
        // Back to the loop, which is current here.
        if (await sent.ConfigureAwait(true) != SendStatus.Closed && _closeNote is byte[])
        {
            _closeNote = null;
        }
    }

    /// <summary>RFC 6455 §5.5.1: answered, by default with the same code and reason, then the connection ends, by the server first (§7.1.1).</summary>
    private void OnCloseFrame(Connection connection, ReadOnlySpan<byte> payload)
    {
        if (_state == WebSocketState.CloseReceived)
        {
            return;
        }

        WebSocketError error = ClosePayload.Read(payload, out WebSocketCloseStatus code, out string reason);
        if (error != WebSocketError.None)
        {
            Fail(connection, error);
            return;
        }

        byte[]? waiting = _closeNote as byte[];
        _isCloseReceived = true;
        _closeCode = (ushort)code;
        _closeNote = reason;
        if (_state == WebSocketState.CloseSent)
        {
            // The peer's close crossed ours. One that still waits behind messages leaves now: the peer takes no more of those.
            if (waiting is not null)
            {
                connection.TrySendControl(waiting);
            }

            End(connection, null, CloseReason.Completed);
            return;
        }

        if (_endpoint.DefersCloseAnswer(_socket))
        {
            _state = WebSocketState.CloseReceived;
            return;
        }

        if (TryChooseAnswer(connection, new WebSocketCloseAnswer(code, reason), out WebSocketCloseAnswer answer))
        {
            End(connection, (answer.Code, answer.Reason), CloseReason.Completed);
        }
    }

    private bool TryChooseAnswer(Connection connection, WebSocketCloseAnswer asked, out WebSocketCloseAnswer answer)
    {
        answer = asked;
        try
        {
            answer = _endpoint.OnCloseReceived(_socket, asked);
            WebSocketConnection.CheckClose(answer.Code, answer.Reason);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(connection, exception);
        }

        // A handler that closed by itself meanwhile has sent its frame, and one that failed has ended the connection.
        if (_state == WebSocketState.CloseSent)
        {
            End(connection, null, CloseReason.Completed);
        }

        return _state == WebSocketState.Open;
    }

    /// <summary>RFC 6455 §7.1.7: the peer broke a rule; it is told which by the code, and nothing more of it is read.</summary>
    private void Fail(Connection connection, WebSocketError error)
    {
        CloseReason reason = WebSocketErrors.ToCloseCode(error) == WebSocketCloseStatus.MessageTooBig || error == WebSocketError.TooManyFragments
            ? CloseReason.LimitExceeded
            : CloseReason.ProtocolError;
        Fail(connection, WebSocketErrors.ToCloseCode(error), WebSocketErrors.ToReason(error), reason);
    }

    private void Fail(Connection connection, WebSocketCloseStatus code, string text, CloseReason reason)
    {
        bool isAlreadySent = _state == WebSocketState.CloseSent;
        _isFailed = true;
        _closeCode = (ushort)code;
        _closeNote = text;
        ValueTask settled = _state == WebSocketState.Open ? _endpoint.WhenSettled(_socket) : ValueTask.CompletedTask;
        if (settled.IsCompleted)
        {
            _endpoint.OnFailing(_socket);
            End(connection, isAlreadySent ? null : (code, text), reason);
            return;
        }

        _state = WebSocketState.Closing;
        _ = EndOnceSettledAsync(connection, settled, code, text, reason);
    }

    private async Task EndOnceSettledAsync(Connection connection, ValueTask settled, WebSocketCloseStatus code, string text, CloseReason reason)
    {
        // Back to the loop, which is current here.
        await settled.ConfigureAwait(true);
        if (_state == WebSocketState.Closing)
        {
            _endpoint.OnFailing(_socket);
            End(connection, (code, text), reason);
        }
    }

    private void ReportError(Exception exception)
    {
        try
        {
            _endpoint.OnError(_socket, exception);
        }
        catch (Exception)
        {
            // Documented as ignored: a failing report of a failure would only hide it.
        }
    }

    /// <summary>Sends a last close frame if there is one, and ends the connection beneath.</summary>
    private void End(Connection connection, (WebSocketCloseStatus Code, string Reason)? last, CloseReason reason)
    {
        _state = WebSocketState.Closing;
        _socket.RefuseSends();
        ReturnMemory();
        if (last is var (code, text))
        {
            connection.TrySendControl(CloseFrame(code, text));
        }

        if (!_endpoint.IsClient || connection.IsPeerClosed)
        {
            connection.Close(reason);
            return;
        }

        // RFC 6455 §7.1.1: the server ends the connection first; it has so long for it.
        _endReason = reason;
        connection.ResumeReceive();
        if (_endpoint.CloseMilliseconds != 0)
        {
            connection.SetDeadline(TimeSpan.FromMilliseconds(_endpoint.CloseMilliseconds));
        }
    }

    /// <summary>The peer has gone without a close frame.</summary>
    private void Finish(Connection connection, CloseReason reason)
    {
        if (_state < WebSocketState.Closing)
        {
            _state = WebSocketState.Closing;
            _socket.RefuseSends();
        }

        connection.Close(_endReason == CloseReason.None ? reason : _endReason);
    }

    /// <summary>The connection ended between the handshake and the start of this protocol. Loop only.</summary>
    public void EndUnstarted(Connection connection, CloseReason reason)
    {
        _endpoint.CountOpened();
        OnClosed(connection, reason);
    }

    /// <summary>What the peer's close frame said; null before it came. Any thread, once the messages have ended.</summary>
    public (WebSocketCloseStatus Code, string Reason)? PeerClose => _isCloseReceived ? ((WebSocketCloseStatus)_closeCode, _closeNote as string ?? "") : null;

    /// <summary>How it ended, once it has. Any thread.</summary>
    public WebSocketClosure? Ended => _state == WebSocketState.Closed ? Closure(_socket.Connection.CloseReason) : null;

    private WebSocketClosure Closure(CloseReason reason)
    {
        // RFC 6455 §7.1.5: without a close frame from the peer the code is 1006, unless this side failed the connection and so knows why.
        bool isKnown = _isCloseReceived || _isFailed;
        return new WebSocketClosure(isKnown ? (WebSocketCloseStatus)_closeCode : ClosePayload.Abnormal, isKnown ? _closeNote as string ?? "" : "", _isCloseReceived, reason);
    }

    private sealed class CloseRequest(WebSocketProtocol protocol, WebSocketCloseStatus code, string? reason)
    {
        public void Run() => protocol.BeginClose(code, reason);
    }
}
