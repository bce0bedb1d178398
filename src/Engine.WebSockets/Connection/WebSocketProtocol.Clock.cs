using System.Diagnostics;
using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>
/// Liveness. A peer lives when bytes of it arrive, or when it takes bytes that wait for it: a slow reader of something long can answer no ping before it has read
/// up to it. So a ping is sent only when nothing is before it, and only one that has left starts a clock; else the progress of what waits is watched.
/// </summary>
internal sealed partial class WebSocketProtocol
{
    /// <summary>No progress is watched.</summary>
    private const long NoMark = -1;

    private WebSocketClock _clock;
    private long _progressMark = NoMark;

    /// <summary>When the ping that waits for its pong was sent, by a clock of microseconds that wraps around; 0 when none waits.</summary>
    private uint _pingedAtMicroseconds;
    private uint _roundTripMicroseconds;
    private bool _isPeerGone;

    /// <summary>How long the last answered ping took; null before the first. Written on the loop.</summary>
    public TimeSpan? PingRoundTrip
        => Volatile.Read(ref _roundTripMicroseconds) is var microseconds && microseconds == 0 ? null : TimeSpan.FromMicroseconds((double)microseconds);

    private static uint Microseconds => (uint)(Stopwatch.GetElapsedTime(0).Ticks / TimeSpan.TicksPerMicrosecond) | 1;

    protected override void OnDeadline(Connection connection)
    {
        if (_state == WebSocketState.Closing && _endReason != CloseReason.None)
        {
            // A client's server has not ended the connection in time.
            connection.Abort(_endReason);
            return;
        }

        long now = connection.NowMilliseconds;
        (ClockDuty duty, long at) = NextDuty();
        if (at <= now)
        {
            Do(connection, duty, now);
        }

        _endpoint.Contexts?.Trim(now);
        SetNextDeadline(connection);
    }

    /// <summary>Sends a ping and remembers when, for <see cref="PingRoundTrip"/>. Loop only.</summary>
    private void SendPing(Connection connection)
    {
        if (SendControl(connection, FrameOpcode.Ping, []) == SendStatus.Sent)
        {
            _pingedAtMicroseconds = Microseconds;
        }
    }

    private void MeasureRoundTrip()
    {
        if (_pingedAtMicroseconds != 0)
        {
            Volatile.Write(ref _roundTripMicroseconds, Math.Max(Microseconds - _pingedAtMicroseconds, 1));
            _pingedAtMicroseconds = 0;
        }
    }

    private void Do(Connection connection, ClockDuty duty, long now)
    {
        switch (duty)
        {
            case ClockDuty.PeerGone:
                Finish(connection, CloseReason.PeerClosed);
                break;
            case ClockDuty.Expire:
                _socket.Close(WebSocketCloseStatus.EndpointUnavailable, "lifetime is over");
                break;
            case ClockDuty.CloseIdle:
                _socket.Close(WebSocketCloseStatus.EndpointUnavailable, "idle");
                break;
            case ClockDuty.Ask:
                AskForLife(connection, now);
                break;
            case ClockDuty.LookAround:
                LookAround(connection, now);
                break;
            case ClockDuty.Judge:
                Judge(connection, now);
                break;
            case ClockDuty.EndClose:
                EndClose(connection, now);
                break;
        }
    }

    private void AskForLife(Connection connection, long now)
    {
        // Native memory kept for a takeover goes back after so long a silence; the next message begins a new history.
        _socket.ReturnDeflate();
        SendProgress progress = connection.GetSendProgress();
        _progressMark = progress.IsOutstanding ? progress.Mark : NoMark;
        if (!progress.IsOutstanding)
        {
            SendPing(connection);
        }

        _clock.Ask(now);
    }

    /// <summary>A server's end hides behind bytes that nobody reads; but what is sent to a server that is gone is answered with a reset.</summary>
    private void LookAround(Connection connection, long now)
    {
        if (connection.IsPeerClosed)
        {
            _endpoint.OnPeerGone(_socket);
        }
        else if (_endpoint.PingMilliseconds != 0 && !connection.GetSendProgress().IsOutstanding)
        {
            SendControl(connection, FrameOpcode.Ping, []);
        }

        _clock.Ask(now);
    }

    private void Judge(Connection connection, long now)
    {
        if (_progressMark != NoMark && HasProgressed(connection, ref _progressMark))
        {
            _clock.SeeLife(now);
        }
        else if (_clock.IsGivenUp(now, _endpoint))
        {
            GiveUp(connection);
        }
    }

    /// <summary>RFC 6455 §7.1.1 leaves the wait to us: a peer that never answers the close frame holds its descriptor no longer than this, once it has been sent it.</summary>
    private void EndClose(Connection connection, long now)
    {
        if (_progressMark != NoMark && HasProgressed(connection, ref _progressMark))
        {
            _clock.AwaitClose(now, _endpoint.CloseMilliseconds);
            return;
        }

        if (IsDelivering && (IsHeldBack || _clock.SawLifeWithin(now, _endpoint.CloseMilliseconds)))
        {
            // The reader still takes messages, and the peer still sends some.
            _clock.AwaitClose(now, _endpoint.CloseMilliseconds);
            return;
        }

        GiveUp(connection);
    }

    private void GiveUp(Connection connection)
    {
        _state = WebSocketState.Closing;
        connection.Abort(CloseReason.Timeout);
    }

    /// <summary>Whether the peer took bytes since the last look; looks on while there are more.</summary>
    private static bool HasProgressed(Connection connection, ref long mark)
    {
        SendProgress progress = connection.GetSendProgress();
        bool hasProgressed = progress.Mark != mark;
        mark = progress.IsOutstanding ? progress.Mark : NoMark;
        return hasProgressed;
    }

    private (ClockDuty Duty, long At) NextDuty() => _clock.Next(_state, IsHeldBack, _isPeerGone, _endpoint);

    /// <summary>Arms the connection's one deadline for the first duty.</summary>
    private void SetNextDeadline(Connection connection)
    {
        (_, long at) = NextDuty();
        if (at != long.MaxValue)
        {
            connection.SetDeadline(TimeSpan.FromMilliseconds(Math.Max(at - connection.NowMilliseconds, 1)));
        }
        else
        {
            connection.ClearDeadline();
        }
    }
}
