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
    private bool IsHeldBack => _isHandlerBusy && _state == WebSocketState.Open;

    protected override void OnStarted(Connection connection)
    {
        _endpoint.CountOpened();
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
        if (!IsHeldBack)
        {
            Finish(connection, CloseReason.PeerClosed);
        }
    }

    protected override void OnDrained(Connection connection) => RaiseDrain();

    protected override void OnStopping(Connection connection) => _socket.Close(WebSocketCloseStatus.EndpointUnavailable, "server stopping");

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

    /// <summary>Hands the joined message over to a new owner.</summary>
    public MessageBytes DetachMessage(bool isText) => _assembler.Detach(isText);

    /// <summary>There is room again. Loop only.</summary>
    public void RaiseDrain()
    {
        if (_state != WebSocketState.Open)
        {
            return;
        }

        try
        {
            _endpoint.OnDrain(_socket);
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
        try
        {
            _pending!.GetResult();
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
        if (_state != WebSocketState.Open)
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
            HoldBackUntil(connection, _endpoint.OnPart(_socket, _assembler.Written.Length));
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

    private static SendStatus SendControl(Connection connection, FrameOpcode opcode, ReadOnlySpan<byte> payload)
    {
        Debug.Assert(payload.Length <= FrameHeader.MaxControlPayloadBytes, "Control frames are bounded by the RFC.");
        Span<byte> frame = stackalloc byte[2 + FrameHeader.MaxControlPayloadBytes];
        int length = FrameEncoder.WriteHeader(frame, FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed: false), payload.Length);
        payload.CopyTo(frame[length..]);
        return connection.TrySendControl(frame[..(length + payload.Length)]);
    }

    private void ReturnMemory()
    {
        _assembler.ReturnAll(_endpoint.Contexts);
        _socket.ReturnDeflate();
    }
}
