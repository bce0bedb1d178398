using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Unicode;

namespace Engine.WebSockets;

/// <summary>
/// The receiving side of one WebSocket: drives the decoder over what arrives, joins and inflates messages, calls the handler, does what the protocol
/// owes. It alone writes control frames. Loop only.
/// </summary>
/// <remarks>
/// An idle connection holds this object, its <see cref="WebSocketConnection"/> and nothing else of this package: buffers and contexts are there while a
/// message is. A message that is one whole frame reaches the handler as a span over the receive buffer; nothing is allocated for it.
/// </remarks>
internal sealed partial class WebSocketProtocol : ConnectionProtocol
{
    private readonly WebSocketEndpoint _endpoint;
    private readonly WebSocketConnection _socket;
    private PendingHandler? _pending;
    private MessageAssembler _assembler;
    private FrameDecoder _decoder;
    private WebSocketState _state;
    private bool _isHandlerBusy;

    public WebSocketProtocol(WebSocketEndpoint endpoint, WebSocketConnection socket)
    {
        _endpoint = endpoint;
        _socket = socket;
        _decoder = new FrameDecoder(socket.Deflate.IsAgreed);
    }

    /// <summary>A busy handler holds back what follows, until this side closes: then only the peer's close frame is waited for.</summary>
    private bool IsHeldBack => _isHandlerBusy && IsDelivering;

    /// <summary>Whether messages are handed out: until this side closes, or where the end is left to whoever reads, until the peer does.</summary>
    private bool IsDelivering => _state == WebSocketState.Open || (_state == WebSocketState.CloseSent && _socket.Reader is { DefersCloseAnswer: true });

    protected override void OnStarted(Connection connection)
    {
        _endpoint.CountOpened();
        if (_endpoint.Options.Connections is { } own)
        {
            connection.UseOptions(own);
        }

        _clock.Start(connection.NowMilliseconds, _endpoint.DrawLifetimeMilliseconds());

        // A FIN that came during the handshake was told to HTTP: it is acted on once what came before it has been read.
        _isPeerGone = connection.IsPeerClosed;
        SetNextDeadline(connection);
        try
        {
            HoldBackUntil(connection, _endpoint.OnOpen(_socket));
        }
        catch (Exception exception)
        {
            OnHandlerFailed(connection, exception);
        }
    }

    protected override int OnReceived(Connection connection, Span<byte> bytes)
    {
        _clock.SeeLife(connection.NowMilliseconds);
        int consumed = 0;

        // Abort, from whichever side, ends the reading too: nothing is delivered after it.
        while (_state < WebSocketState.Closing && connection.IsOpen)
        {
            FrameStep step = _decoder.Read(bytes[consumed..], _endpoint.Rules, out FrameSlice slice);
            consumed += slice.ConsumedBytes;
            switch (step)
            {
                case FrameStep.Data:
                    OnData(connection, ref slice);
                    break;
                case FrameStep.NeedMore:
                    return consumed;
                case FrameStep.Rejected:
                    Fail(connection, slice.Error);
                    break;
                default:
                    OnControl(connection, step, slice.Payload);
                    break;
            }

            if (IsHeldBack)
            {
                return consumed;
            }
        }

        return bytes.Length;
    }

    protected override void OnPeerClosed(Connection connection)
    {
        // A handler that is still busy may hold back frames that came before the FIN, the close frame among them: they are read first. But the peer cannot come
        // back, so what the handler waits for by ClosedToken is over.
        if (_state == WebSocketState.CloseReceived)
        {
            // The reader answers too late: the peer has sent its last, and is answered what it said.
            End(connection, PeerClose, CloseReason.Completed);
        }
        else if (!IsHeldBack)
        {
            Finish(connection, CloseReason.PeerClosed);
        }
        else
        {
            _endpoint.OnPeerGone(_socket);
        }
    }

    protected override void OnDrained(Connection connection) => RaiseDrain();

    protected override void OnStopping(Connection connection)
    {
        if (_state == WebSocketState.Open && _socket.IsOpen)
        {
            try
            {
                _endpoint.OnStopping(_socket);
            }
            catch (Exception exception)
            {
                OnHandlerFailed(connection, exception);
            }
        }

        _socket.Close(WebSocketCloseStatus.EndpointUnavailable, "server stopping");
    }

    protected override void OnClosed(Connection connection, CloseReason reason)
    {
        _state = WebSocketState.Closed;
        _socket.RefuseSends();
        _socket.EndStream();
        ReturnMemory();
        _endpoint.CountClosed();

        // Nothing follows OnClose, not even OnError: what it throws goes to the engine's log and counters.
        _endpoint.OnClose(_socket, Closure(reason));
    }

    /// <summary>Gives the handler a message that lives until its task completes.</summary>
    public ReceivedMessage Lend(WebSocketMessage message)
    {
        _pending ??= new PendingHandler(this, _socket.Connection);
        return _pending.Lend(message.TakeBytes());
    }

    /// <summary>Hands the joined message over to a new owner.</summary>
    public MessageBytes DetachMessage(bool isText) => _assembler.Detach(isText);

    /// <summary>There is room again. Loop only.</summary>
    public void RaiseDrain()
    {
        if (_state != WebSocketState.Open)
        {
            return;
        }

        _socket.ResumeTopics();
        try
        {
            _endpoint.OnDrain(_socket);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(_socket.Connection, exception);
        }
    }

    /// <summary>Messages of a topic are lost to the peer. Loop only.</summary>
    public void RaiseTopicGap(in TopicGap gap)
    {
        if (_state != WebSocketState.Open)
        {
            return;
        }

        try
        {
            _endpoint.OnTopicGap(_socket, gap);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(_socket.Connection, exception);
        }
    }

    /// <summary>The handler's task has completed. Loop only.</summary>
    public void OnHandlerCompleted()
    {
        Connection connection = _socket.Connection;
        _isHandlerBusy = false;
        _pending!.EndLent();
        try
        {
            _pending.GetResult();
        }
        catch (Exception exception)
        {
            OnHandlerFailed(connection, exception);
        }

        if (_state >= WebSocketState.Closing)
        {
            return;
        }

        // A peer that had gone meanwhile is looked at again once what was held back has been read.
        _isPeerGone = connection.IsPeerClosed;
        _clock.SeeLife(connection.NowMilliseconds);
        _clock.SeeMessage(connection.NowMilliseconds);
        connection.ResumeReceive();
        SetNextDeadline(connection);
    }

    private void OnData(Connection connection, ref FrameSlice slice)
    {
        if (!IsDelivering)
        {
            return;
        }

        if (slice.IsMessageStart && slice.IsMessageEnd && !slice.IsCompressed)
        {
            if (slice.IsText && !Utf8.IsValid(slice.Payload))
            {
                Fail(connection, WebSocketError.InvalidUtf8);
                return;
            }

            Deliver(connection, slice.Payload, slice.IsText, assembler: null);
            return;
        }

        Assemble(connection, ref slice);
    }

    private void Assemble(Connection connection, ref FrameSlice slice)
    {
        WebSocketError error = _assembler.Add(ref slice, _endpoint.Assembly, _socket.Deflate.ReceiveTakeover);
        if (error != WebSocketError.None)
        {
            Fail(connection, error);
        }
        else if (slice.IsMessageEnd)
        {
            Deliver(connection, _assembler.Written, slice.IsText, this);
            _assembler.ReturnMessage();
        }
        else
        {
            HoldBackUntil(connection, _endpoint.OnPart(_socket, _assembler.Written.Length, slice.IsText));
        }
    }

    private void Deliver(Connection connection, ReadOnlySpan<byte> payload, bool isText, WebSocketProtocol? assembler)
    {
        _clock.SeeMessage(connection.NowMilliseconds);
        try
        {
            HoldBackUntil(connection, _endpoint.OnMessage(_socket, new WebSocketMessage(payload, isText, assembler)));
        }
        catch (Exception exception)
        {
            OnHandlerFailed(connection, exception);
        }

        if (!_isHandlerBusy)
        {
            _pending?.EndLent();
        }
    }

    /// <summary>Reads nothing more until the task completes.</summary>
    private void HoldBackUntil(Connection connection, ValueTask task)
    {
        if (task.IsCompleted)
        {
            task.GetAwaiter().GetResult();
            return;
        }

        _isHandlerBusy = true;
        if (IsHeldBack)
        {
            connection.PauseReceive();
            if (_endpoint.IsClient)
            {
                SetNextDeadline(connection);
            }
        }

        _pending ??= new PendingHandler(this, connection);
        _pending.Await(task);
    }

    private void OnControl(Connection connection, FrameStep step, ReadOnlySpan<byte> payload)
    {
        if (step == FrameStep.Close)
        {
            OnCloseFrame(connection, payload);
            return;
        }

        if (_state != WebSocketState.Open)
        {
            return;
        }

        if (step == FrameStep.Ping)
        {
            // RFC 6455 §5.5.3: the pong carries the ping's payload. One that finds no room even in the reserve is left out: the peer reads nothing anyway.
            SendControl(connection, FrameOpcode.Pong, payload);
        }

        try
        {
            if (step == FrameStep.Ping)
            {
                _endpoint.OnPing(_socket, payload);
            }
            else
            {
                MeasureRoundTrip();
                _endpoint.OnPong(_socket, payload);
            }
        }
        catch (Exception exception)
        {
            OnHandlerFailed(connection, exception);
        }
    }

    private SendStatus SendControl(Connection connection, FrameOpcode opcode, ReadOnlySpan<byte> payload)
    {
        Debug.Assert(payload.Length <= FrameHeader.MaxControlPayloadBytes, "Control frames are bounded by the RFC.");
        Span<byte> frame = stackalloc byte[FrameHeader.MaxControlBytes];
        int length = _socket.WriteFrame(frame, FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed: false), payload);
        return connection.TrySendControl(frame[..length]);
    }

    private void ReturnMemory()
    {
        if (!_isHandlerBusy)
        {
            _pending?.EndLent();
        }

        _assembler.ReturnAll(_endpoint.Contexts);
        _socket.ReturnDeflate();
    }
}
