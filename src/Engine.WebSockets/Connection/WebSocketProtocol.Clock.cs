using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>
/// Liveness: one deadline a connection serves all clocks. Receiving only notes the time; the deadline, when it comes, finds out what is due, so a message
/// costs no timer operation.
/// </summary>
internal sealed partial class WebSocketProtocol
{
    private long _lastReceivedAt;
    private long _lastMessageAt;
    private long _pingedAt;
    private long _expiresAt;
    private long _closeDueAt;
    private bool _isPeerGone;

    protected override void OnDeadline(Connection connection)
    {
        long now = connection.NowMilliseconds;
        if (_isPeerGone && !IsHeldBack)
        {
            Finish(connection, CloseReason.PeerClosed);
        }

        switch (_state)
        {
            case WebSocketState.Open:
                WatchOpen(connection, now);
                break;
            case WebSocketState.CloseSent when _closeDueAt != 0 && now >= _closeDueAt:
                // RFC 6455 §7.1.1 leaves the wait to us: a peer that never answers the close frame holds its descriptor no longer than this.
                _state = WebSocketState.Closing;
                connection.Abort(CloseReason.Timeout);
                break;
        }

        _endpoint.Contexts?.Trim(now);
        SetNextDeadline(connection);
    }

    private void WatchOpen(Connection connection, long now)
    {
        if (_expiresAt != 0 && now >= _expiresAt)
        {
            _socket.Close(WebSocketCloseStatus.EndpointUnavailable, "lifetime is over");
            return;
        }

        if (_endpoint.IdleMilliseconds != 0 && !_isHandlerBusy && now - _lastMessageAt >= _endpoint.IdleMilliseconds)
        {
            _socket.Close(WebSocketCloseStatus.EndpointUnavailable, "idle");
            return;
        }

        if (_endpoint.PingMilliseconds == 0 || _isHandlerBusy)
        {
            // While a handler holds back the reads, the peer's pong could not be seen: its silence says nothing.
            _pingedAt = 0;
            return;
        }

        // Whatever is received forgets the ping, so it stands for silence since then.
        if (_pingedAt != 0 && _endpoint.PongMilliseconds != 0)
        {
            if (now - _pingedAt >= _endpoint.PongMilliseconds)
            {
                _state = WebSocketState.Closing;
                connection.Abort(CloseReason.Timeout);
            }

            return;
        }

        if (now - Math.Max(_lastReceivedAt, _pingedAt) >= _endpoint.PingMilliseconds)
        {
            // Native memory kept for a takeover goes back after so long a silence; the next message begins a new history.
            _socket.ReturnDeflate();
            SendControl(connection, FrameOpcode.Ping, []);
            _pingedAt = now;
        }
    }

    /// <summary>Arms the connection's one deadline for the first clock that may be due.</summary>
    private void SetNextDeadline(Connection connection)
    {
        long due = long.MaxValue;
        switch (_state)
        {
            case WebSocketState.Open when !_isHandlerBusy:
                long ping = _endpoint.PingMilliseconds;
                if (ping != 0)
                {
                    long pong = _endpoint.PongMilliseconds;
                    due = _pingedAt == 0 ? _lastReceivedAt + ping : pong == 0 ? _pingedAt + ping : _pingedAt + pong;
                }

                if (_endpoint.IdleMilliseconds != 0)
                {
                    due = Math.Min(due, _lastMessageAt + _endpoint.IdleMilliseconds);
                }

                break;
            case WebSocketState.CloseSent when _closeDueAt != 0:
                due = _closeDueAt;
                break;
        }

        if (_expiresAt != 0 && _state == WebSocketState.Open)
        {
            due = Math.Min(due, _expiresAt);
        }

        if (_isPeerGone && !IsHeldBack && _state < WebSocketState.Closing)
        {
            due = connection.NowMilliseconds;
        }

        if (due != long.MaxValue)
        {
            connection.SetDeadline(TimeSpan.FromMilliseconds(Math.Max(due - connection.NowMilliseconds, 1)));
        }
        else
        {
            connection.ClearDeadline();
        }
    }
}
