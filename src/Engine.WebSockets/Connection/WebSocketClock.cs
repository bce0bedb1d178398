namespace Engine.WebSockets;

/// <summary>What the clock of a WebSocket asks its protocol to do.</summary>
internal enum ClockDuty : byte
{
    /// <summary>Nothing, for as long as nothing changes.</summary>
    None = 0,

    /// <summary>The lifetime is over: close with 1001.</summary>
    Expire,

    /// <summary>No message came for too long: close with 1001.</summary>
    CloseIdle,

    /// <summary>The peer was silent for a ping interval: ask for a sign of life.</summary>
    Ask,

    /// <summary>The time for that sign is over: judge the peer.</summary>
    Judge,

    /// <summary>A client's reader holds everything back: see whether the server is still there, and show that the client is.</summary>
    LookAround,

    /// <summary>The time for the peer's close frame is over.</summary>
    EndClose,

    /// <summary>The peer has sent FIN, and everything before it was read.</summary>
    PeerGone,
}

/// <summary>
/// All times of one WebSocket, and the one function that says what is due next, and when. Receiving only notes the time, so a message costs no timer operation.
/// Times are the loop's milliseconds; 0 stands for "not set".
/// </summary>
internal struct WebSocketClock
{
    /// <summary>A deadline that is raised later than this was held up by the loop, whose own standstill says nothing about a peer.</summary>
    public const long StallMilliseconds = 300;

    /// <summary>How often a client that is held back looks around.</summary>
    private const long LookMilliseconds = 1_000;

    /// <summary>Time for one more turn, in which an answer that waits in the kernel is read before its peer is given up.</summary>
    private const long GraceMilliseconds = 100;

    private long _lifeAt;
    private long _messageAt;

    /// <summary>Since when a sign of life is awaited; negative once the peer was granted its last turn.</summary>
    private long _askedAt;

    /// <summary>While open, when the lifetime is over; after that, when the time for the peer's close frame is.</summary>
    private long _endsAt;

    /// <summary>What the time for a sign of life is counted from.</summary>
    private readonly long JudgedFrom => Math.Abs(_askedAt) + (_askedAt < 0 ? GraceMilliseconds : 0);

    /// <summary>The connection begins.</summary>
    public void Start(long now, long lifetimeMilliseconds)
    {
        _lifeAt = _messageAt = now;
        _endsAt = lifetimeMilliseconds == 0 ? 0 : now + lifetimeMilliseconds;
    }

    /// <summary>Bytes arrived, or others left for a peer that takes them: the peer lives.</summary>
    public void SeeLife(long now)
    {
        _lifeAt = now;
        _askedAt = 0;
    }

    /// <summary>Whether bytes arrived so short a time ago.</summary>
    public readonly bool SawLifeWithin(long now, long milliseconds) => now - _lifeAt < milliseconds;

    /// <summary>A message arrived.</summary>
    public void SeeMessage(long now) => _messageAt = now;

    /// <summary>The peer was pinged, or its progress is watched, from now on.</summary>
    public void Ask(long now) => _askedAt = now;

    /// <summary>The close frame was sent; the peer has so long from now.</summary>
    public void AwaitClose(long now, long closeMilliseconds) => _endsAt = closeMilliseconds == 0 ? 0 : now + closeMilliseconds;

    /// <summary>
    /// Whether a peer without a sign of life is to be given up at its judgement. Not at once: first one more turn reads what waits in the kernel; and not when the
    /// judgement is late, since then the loop stood still and read nothing.
    /// </summary>
    public bool IsGivenUp(long now, WebSocketEndpoint endpoint)
    {
        bool wasGraced = _askedAt < 0;
        if (now - JudgedFrom - endpoint.PongMilliseconds > StallMilliseconds)
        {
            Ask(now);
            return false;
        }

        _askedAt = -Math.Abs(_askedAt);
        return wasGraced;
    }

    /// <summary>What is due next, and when.</summary>
    /// <param name="state">Where the WebSocket stands.</param>
    /// <param name="isHeldBack">Whether reading waits for a handler: the peer's answers could not be seen, so its silence says nothing.</param>
    /// <param name="isPeerGone">Whether the peer has sent FIN.</param>
    /// <param name="endpoint">The intervals.</param>
    public readonly (ClockDuty Duty, long At) Next(WebSocketState state, bool isHeldBack, bool isPeerGone, WebSocketEndpoint endpoint)
    {
        if (state >= WebSocketState.Closing)
        {
            return (ClockDuty.None, long.MaxValue);
        }

        if (isPeerGone && !isHeldBack)
        {
            return (ClockDuty.PeerGone, 0);
        }

        (ClockDuty Duty, long At) next = (ClockDuty.None, long.MaxValue);
        if (state == WebSocketState.CloseSent)
        {
            Consider(ref next, ClockDuty.EndClose, _endsAt, 0);
            return next;
        }

        Consider(ref next, ClockDuty.Expire, _endsAt, 0);
        if (isHeldBack)
        {
            Consider(ref next, ClockDuty.LookAround, Math.Max(_lifeAt, Math.Abs(_askedAt)), endpoint.IsClient ? LookMilliseconds : 0);
            return next;
        }

        Consider(ref next, ClockDuty.CloseIdle, _messageAt, endpoint.IdleMilliseconds);
        if (endpoint.PingMilliseconds == 0)
        {
            return next;
        }

        if (_askedAt == 0 || endpoint.PongMilliseconds == 0)
        {
            Consider(ref next, ClockDuty.Ask, Math.Max(_lifeAt, Math.Abs(_askedAt)), endpoint.PingMilliseconds);
        }
        else
        {
            Consider(ref next, ClockDuty.Judge, JudgedFrom, endpoint.PongMilliseconds);
        }

        return next;
    }

    private static void Consider(ref (ClockDuty Duty, long At) next, ClockDuty duty, long from, long milliseconds)
    {
        bool isSet = duty is ClockDuty.Expire or ClockDuty.EndClose ? from != 0 : milliseconds != 0;
        if (isSet && from + milliseconds < next.At)
        {
            next = (duty, from + milliseconds);
        }
    }
}
